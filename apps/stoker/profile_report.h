// What `stoker profile` prints.
#pragma once

#include "stoker/jobs/profile.h"

namespace stoker::app {

void print_profile(const jobs::Profile& profile, int64_t rows);
void print_profile_json(const jobs::Profile& profile);

}  // namespace stoker::app
