#include "base/path_glob.h"

#include <array>
#include <string_view>

#include "base/text.h"

namespace repo {
namespace {

// A component that no path has: empty, "." or "..".
bool has_odd_component(std::string_view glob) {
  for (const std::string_view odd : std::array{"//", "/./", "/../"}) {
    if (glob.find(odd) != std::string_view::npos) return true;
  }
  return glob.ends_with("/.") || glob.ends_with("/..");
}

}  // namespace

std::optional<std::string> mistake_in_glob(const std::string& glob) {
  if (glob.empty()) return "an empty glob matches no path";
  const bool is_for_names = glob.find('/') == std::string::npos;
  if (is_for_names || glob == "/") return std::nullopt;
  const std::string told = quoted(glob) + " matches no path: ";
  if (has_odd_component(glob)) return told + "none has an empty part, \".\" or \"..\"";
  const std::string shorter = glob.substr(0, glob.size() - 1);
  const bool ends_with_slash = glob.back() == '/';
  if (ends_with_slash && shorter.find('/') == std::string::npos) {
    if (shorter.find_first_not_of('*') == std::string::npos) return told + "none ends with /";
    return told + quoted(shorter) + " is any directory of that name";
  }
  constexpr std::string_view kWhatBeginsAny = "/*?[";
  if (kWhatBeginsAny.find(glob[0]) == std::string_view::npos) return told + "begin it with / or *";
  if (!ends_with_slash) return std::nullopt;
  return told + quoted(shorter) + " is the directory itself, " + quoted(glob + "*") +
         " what lies below it";
}

}  // namespace repo
