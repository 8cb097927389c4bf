#include "base/error.h"

#include <system_error>
#include <utility>

#include "base/bytes_path.h"

namespace repo {

Error system_error(std::string op, std::string path, int code) {
  return {std::move(op), std::move(path), code, std::generic_category().message(code)};
}

Error plain_error(std::string op, std::string path, std::string message) {
  return {std::move(op), std::move(path), 0, std::move(message)};
}

std::string describe(const Error& error) {
  std::string text = error.op;
  if (!error.path.empty()) text += (text.empty() ? "" : " ") + printable(error.path);
  if (!text.empty()) text += ": ";
  return text + printable(error.message);
}

}  // namespace repo
