#include "scanner/findings.h"

#include <cerrno>
#include <climits>
#include <utility>

namespace repo {
namespace {

constexpr std::size_t kAll = std::size_t{4} << 20;

void cut(std::string& text, std::size_t size = PATH_MAX) {
  if (text.size() < size) return;
  text.resize(size);
  text += "...";
}

}  // namespace

void Findings::add(Repository repository) {
  std::unique_lock lock(mutex_);
  if (has_room_for(repository.path)) {
    for (auto& [key, value] : repository.detail) {
      if (auto* text = std::get_if<std::string>(&value)) fit(*text);
    }
    result_.repositories.push_back(std::move(repository));
    return;
  }
  lock.unlock();
  add(system_error("open", repository.path, ENAMETOOLONG));
}

void Findings::add(Pointer pointer) {
  const std::lock_guard lock(mutex_);
  fit(pointer.target);
  if (!has_room_for(pointer.path)) cut(pointer.path);
  result_.pointers.push_back(std::move(pointer));
}

void Findings::add(Pruned pruned) {
  const std::lock_guard lock(mutex_);
  if (!has_room_for(pruned.path)) cut(pruned.path);
  result_.pruned.push_back(std::move(pruned));
}

void Findings::add(Error error) {
  const std::lock_guard lock(mutex_);
  fit(error.message);
  if (!has_room_for(error.path)) cut(error.path);
  result_.errors.push_back(std::move(error));
}

std::size_t Findings::repositories() {
  const std::lock_guard lock(mutex_);
  return result_.repositories.size();
}

void Findings::fit(std::string& text) {
  constexpr std::size_t kShort = 256;
  if (text.size() <= kShort) return;
  cut(text);
  long_texts_ += text.size();
  if (long_texts_ > kAll) cut(text, kShort);
}

bool Findings::has_room_for(const std::string& path) {
  if (path.size() < PATH_MAX) return true;
  long_paths_ += path.size();
  return long_paths_ <= kAll;
}

}  // namespace repo
