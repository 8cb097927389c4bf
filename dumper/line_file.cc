#include "dumper/line_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/file_io.h"

namespace repo {
namespace {

constexpr std::size_t kBuffer = std::size_t{64} << 10;

}  // namespace

Result<LineWriter> LineWriter::create(int directory, const std::string& name) {
  UniqueFd file(
      openat(directory, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return system_error("create", name, errno);
  return LineWriter(std::move(file), name);
}

Status LineWriter::write(std::string_view text) {
  buffer_ += text;
  return buffer_.size() < kBuffer ? Status() : flush();
}

Result<std::string> LineWriter::finish() {
  if (Status flushed = flush(); !flushed) return flushed.error();
  if (const int code = file_.close(); code != 0) return system_error("close", name_, code);
  return digest_.hex();
}

Status LineWriter::flush() {
  digest_.update(buffer_);
  if (Status written = write_all(file_.get(), buffer_); !written) {
    return system_error("write", name_, written.error().code);
  }
  buffer_.clear();
  return {};
}

Result<LineReader> LineReader::open(int directory, const std::string& name) {
  Result<UniqueFd> file = open_beneath(directory, name, O_RDONLY);
  if (!file) return file.error();
  std::FILE* stream = fdopen(file->get(), "r");
  if (!stream) return system_error("open", name, errno);
  file->release();
  return LineReader(stream);
}

std::optional<std::string> LineReader::next() {
  char* line = nullptr;
  std::size_t capacity = 0;
  const ssize_t n = getline(&line, &capacity, file_.get());
  const std::unique_ptr<char, decltype(&std::free)> owned(line, &std::free);
  if (n <= 0) return std::nullopt;
  std::string text(line, static_cast<std::size_t>(n));
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace repo
