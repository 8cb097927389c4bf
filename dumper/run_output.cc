#include "dumper/run_output.h"

#include <utility>

#include "base/print.h"

namespace repo {

RunOutput::RunOutput(const Options& options, std::FILE* out, std::FILE* err,
                     std::function<std::string(const ProgressCounts&)> progress)
    : options_(options),
      out_(out),
      err_(err),
      progress_(err, shows_progress(options.progress, err) && !options.quiet, std::move(progress)) {
}

void RunOutput::tell(const std::string& message) {
  progress_.around([&] { put(err_, std::string(options_.program) + ": " + message + "\n"); });
}

void RunOutput::print(const std::string& json, const std::string& text, bool important) {
  if (!options_.json && options_.quiet && !important) return;
  progress_.around([&] {
    printed_ = put(out_, options_.json ? json : text) && std::fflush(out_) == 0 && printed_;
  });
}

bool RunOutput::finish() {
  if (std::fflush(out_) == 0 && printed_) return true;
  tell("cannot write to standard output");
  return false;
}

}  // namespace repo
