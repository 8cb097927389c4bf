#include "base/progress.h"

namespace repo {

void Progress::draw() {
  line_.show([this](std::size_t) {
    const auto since = std::chrono::steady_clock::now() - start_;
    return text_({done_, total_, bytes_, std::chrono::duration<double>(since).count()});
  });
}

void Progress::begin(std::uint64_t total) {
  total_ = total;
  draw();
}

void Progress::add_bytes(std::uint64_t bytes) {
  bytes_ += bytes;
  draw();
}

void Progress::add_done() {
  ++done_;
  draw();
}

}  // namespace repo
