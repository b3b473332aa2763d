#include "stoker/weights/foreign_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "stoker/core/shown.h"

namespace stoker::weights {
namespace {

namespace fs = std::filesystem;

std::string_view start_of(Bytes bytes) {
  constexpr size_t kLooked = 512;
  return {reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kLooked)};
}

// Whether text begins so, without regard to case and to white space before it.
bool begins(std::string_view text, std::string_view lower) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text[0]))) text.remove_prefix(1);
  return text.size() >= lower.size() &&
         std::equal(lower.begin(), lower.end(), text.begin(), [](char wanted, char c) {
           return std::tolower(static_cast<unsigned char>(c)) == wanted;
         });
}

bool is_text(std::string_view text) {
  return !text.empty() && shown_message(text.substr(0, 64)).size() == text.substr(0, 64).size();
}

// A word of a shell's command line.
std::string word(const fs::path& path) {
  std::string text = path.string();
  if (text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                             "_-./+=:,@%") == std::string::npos)
    return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// Never the file itself, whatever it is called.
fs::path converted_name(const fs::path& path) {
  fs::path converted = path;
  converted.replace_extension(".safetensors");
  if (converted == path)
    converted.replace_filename(path.stem().string() + ".converted.safetensors");
  return converted;
}

}  // namespace

std::string foreign_file(const fs::path& path, Bytes bytes) {
  const std::string_view start = start_of(bytes);
  constexpr size_t kHeader = 8;  // begins there, in safetensors that are only damaged
  if (start.size() > kHeader && start[kHeader] == '{' && start[kHeader - 1] == '\0') return "";
  // torch.save writes a zip archive of pickles, before PyTorch 1.6 a bare one.
  const bool is_pickle = start.size() > 1 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5;
  if (start.starts_with("PK\x03\x04") || is_pickle)
    return fmt::format(
        "is a file of torch.save. Reading one runs what is pickled in it, so it is not opened. "
        "Convert it once: python scripts/convert_weights.py {0} {1}. (A TorchScript module is a "
        "model, not weights: model: {{name: torchscript, file: {0}, trust_code: true}}.)",
        word(path), word(converted_name(path)));
  if (start.starts_with("version https://git-lfs.github.com/"))
    return fmt::format(
        "is a pointer of git-lfs, and the weights were never fetched. Fetch them: git lfs pull "
        "--include {}",
        word(path.filename()));
  if (begins(start, "<!doctype html") || begins(start, "<html") || begins(start, "<?xml"))
    return "is a web page, not weights: the download gave a page (a login, an error, a preview). "
           "Fetch the file itself, by the link to the raw file";
  if (start.starts_with("\x89HDF\r\n"))
    return "is an HDF5 file, as Keras writes them. Load it with the program that wrote it and save "
           "the tensors with safetensors.torch.save_file";
  if (is_text(start))
    return fmt::format("is text, not weights: it begins with \"{}\"",
                       shown(start.substr(0, start.substr(0, 40).find('\n'))));
  return "";
}

}  // namespace stoker::weights
