// Image files of a data set: which names count as images, and reading one.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "stoker/data/dataset.h"

namespace stoker::data {

// By the ending of the name, whatever its case: jpg, jpeg, png, webp, bmp, tif, tiff, ppm, pgm,
// pbm, gif. What the file really holds is told by its content when it is decoded.
bool has_image_extension(std::string_view file_name);

// Images by their names that no decoder here reads: heic, heif, avif, jxl, jp2, jfif, jpe, tga,
// ico, svg, psd, exr, hdr and cameras' raw files. What is silently left out would be missed.
bool has_foreign_image_extension(std::string_view file_name);

// The whole file in `scratch`, as a record. Throws DataError naming the path.
Record read_sample_file(const std::filesystem::path& path, std::vector<std::byte>& scratch);

}  // namespace stoker::data
