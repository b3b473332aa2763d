// A library that plays NVML with scripted readings of real cards, for tests.
//
// fake_nvml_play() picks the card; before that it is the one that the environment variable
// STOKER_FAKE_CARD names, or the first. Its clock is the machine's, from STOKER_FAKE_BEGIN_S on,
// until fake_nvml_set_time() sets it. Cards: h200, a100_mig, geforce, throttling, throttling_old,
// vanishing, hanging, reset, gh200, constant, broken, two_processes, joined_pair, three.
#pragma once

extern "C" {
// Whether there is such a card.
bool fake_nvml_play(const char* card);
void fake_nvml_set_time(double seconds);
// How often a function of the library has been called since the card was picked.
long fake_nvml_calls();
}
