#include "base/path_glob.h"

#include <string_view>

namespace repo {

std::optional<std::string> mistake_in_glob(const std::string& glob) {
  constexpr std::string_view kWhatBeginsAny = "/*?[";
  const bool is_for_names = glob.find('/') == std::string::npos;
  if (is_for_names || glob == "/") return std::nullopt;
  const std::string told = '"' + glob + "\" matches no path: ";
  if (kWhatBeginsAny.find(glob[0]) == std::string_view::npos) return told + "begin it with / or *";
  if (glob.back() != '/') return std::nullopt;
  return told + '"' + glob.substr(0, glob.size() - 1) + "\" is the directory itself, \"" + glob +
         "*\" what lies below it";
}

}  // namespace repo
