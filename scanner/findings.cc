#include "scanner/findings.h"

#include <cerrno>
#include <climits>
#include <utility>

namespace repo {
namespace {

void cut(std::string& text) {
  if (text.size() < PATH_MAX) return;
  text.resize(PATH_MAX);
  text += "...";
}

}  // namespace

void Findings::add(Repository repository) {
  for (auto& [key, value] : repository.detail) {
    if (auto* text = std::get_if<std::string>(&value)) cut(*text);
  }
  std::unique_lock lock(mutex_);
  if (has_room_for(repository.path)) {
    result_.repositories.push_back(std::move(repository));
    return;
  }
  lock.unlock();
  add(system_error("open", repository.path, ENAMETOOLONG));
}

void Findings::add(Pointer pointer) {
  cut(pointer.target);
  const std::lock_guard lock(mutex_);
  if (!has_room_for(pointer.path)) cut(pointer.path);
  result_.pointers.push_back(std::move(pointer));
}

void Findings::add(Pruned pruned) {
  const std::lock_guard lock(mutex_);
  if (!has_room_for(pruned.path)) cut(pruned.path);
  result_.pruned.push_back(std::move(pruned));
}

void Findings::add(Error error) {
  cut(error.message);
  const std::lock_guard lock(mutex_);
  if (!has_room_for(error.path)) cut(error.path);
  result_.errors.push_back(std::move(error));
}

bool Findings::has_room_for(const std::string& path) {
  constexpr std::size_t kAll = std::size_t{4} << 20;
  if (path.size() < PATH_MAX) return true;
  long_paths_ += path.size();
  return long_paths_ <= kAll;
}

}  // namespace repo
