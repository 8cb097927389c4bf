#include "bench/names.h"

#include <array>
#include <string_view>

namespace repo::bench {
namespace {

using namespace std::string_view_literals;

constexpr std::array kWords = {"data"sv,    "db"sv,      "docs"sv,    "format"sv,
                               "forms"sv,   "files"sv,   "lib"sv,     "share"sv,
                               "src"sv,     "test"sv,    "include"sv, "image"sv,
                               "locale"sv,  "module"sv,  "config"sv,  "report"sv,
                               "cache"sv,   "archive"sv, "invoice"sv, "mail"sv,
                               "project"sv, "index"sv,   "readme"sv,  "util"sv,
                               "a"sv,       "tmp"sv,     "main"sv,    "plugin"sv,
                               ".git"sv,    "hooks"sv,   "build"sv,   "x86_64-linux-gnu"sv};

constexpr std::array kSuffixes = {".c"sv,    ".h"sv,    ".py"sv,  ".txt"sv, ".html"sv, ".png"sv,
                                  ".gz"sv,   ".json"sv, ".js"sv,  ".so"sv,  ".pdf"sv,  ".md"sv,
                                  ".conf"sv, ".log"sv,  ".xml"sv, ".old"sv};

template <typename Table>
std::string_view pick(Random& random, const Table& table) {
  return table[random.below(table.size())];
}

std::string numbered(Random& random, std::uint64_t number) {
  std::string name(pick(random, kWords));
  name += random.one_in(2) ? '-' : '_';
  name += std::to_string(number);
  return name;
}

}  // namespace

std::string directory_name(Random& random, std::uint64_t number) {
  return numbered(random, number);
}

std::string file_name(Random& random, std::uint64_t number) {
  std::string name = numbered(random, number);
  name += pick(random, kSuffixes);
  return name;
}

}  // namespace repo::bench
