// Tar archives that tests make by hand, good ones and broken ones.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

namespace stoker::test {

struct TarMember {
  std::string name;
  std::string content = {};
  char type = '0';
  std::string magic = std::string(
      "ustar\0"
      "00",
      8);
  std::string prefix = {};
  std::string size = {};  // the field as it stands, instead of the content's size
};

inline std::string tar_header_of(const TarMember& member) {
  std::string block(512, '\0');
  const auto put = [&](size_t at, const std::string& text) {
    block.replace(at, text.size(), text);
  };
  const auto octal = [](size_t value, int digits) {
    char text[32];
    std::snprintf(text, sizeof(text), "%0*zo", digits, value);
    return std::string(text);
  };
  put(0, member.name);
  put(100, "0000644");
  put(124, member.size.empty() ? octal(member.content.size(), 11) : member.size);
  put(148, "        ");
  block[156] = member.type;
  put(157, member.type == '2' || member.type == '1' ? "/etc/passwd" : "");
  put(257, member.magic);
  put(345, member.prefix);
  size_t sum = 0;
  for (const char byte : block) sum += static_cast<unsigned char>(byte);
  put(148, octal(sum, 6) + std::string("\0 ", 2));
  return block;
}

// A record of a pax header, "<length> <key>=<value>\n", the length its own digits included.
inline std::string pax_record(const std::string& key, const std::string& value) {
  const std::string rest = " " + key + "=" + value + "\n";
  size_t length = rest.size() + 1;
  while (std::to_string(length).size() + rest.size() != length) ++length;
  return std::to_string(length) + rest;
}

inline std::string tar_of(const std::vector<TarMember>& members) {
  std::string tar;
  for (const TarMember& member : members) {
    tar += tar_header_of(member) + member.content;
    tar.resize((tar.size() + 511) / 512 * 512, '\0');
  }
  return tar + std::string(1024, '\0');
}

}  // namespace stoker::test
