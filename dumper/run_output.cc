#include "dumper/run_output.h"

#include "base/print.h"
#include "dumper/result_printer.h"

namespace repo {

RunOutput::RunOutput(const Options& options, std::FILE* out, std::FILE* err)
    : options_(options),
      out_(out),
      err_(err),
      progress_(err, shows_progress(options.progress, err) && !options.quiet, progress_text) {}

void RunOutput::tell(const std::string& message) {
  progress_.around([&] { put(err_, "repo-dump: " + message + "\n"); });
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
