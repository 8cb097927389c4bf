// What a run says: lines on stdout, for people or as JSON; messages and progress on stderr.
// Threads: any; lines come out whole.
#pragma once

#include <cstdio>
#include <functional>
#include <string>

#include "base/progress.h"

namespace repo {

class RunOutput {
 public:
  struct Options {
    const char* program = "repo-dump";  // stands before messages
    bool json = false;
    bool quiet = false;  // of the text only what is important
    ShowProgress progress = ShowProgress::kAuto;
  };
  // The streams stay the caller's. `progress` makes the status line.
  RunOutput(const Options& options, std::FILE* out, std::FILE* err,
            std::function<std::string(const ProgressCounts&)> progress);

  // A message: one line, with the program's name.
  void tell(const std::string& message);

  // `json` or `text`, whichever is wanted; both are whole lines, and an empty one says nothing.
  void print(const std::string& json, const std::string& text, bool important = false);

  // False where anything could not be printed, which then was told.
  bool finish();

  Progress& progress() { return progress_; }

 private:
  const Options options_;
  std::FILE* out_;
  std::FILE* err_;
  Progress progress_;
  bool printed_ = true;  // guarded by progress_.around
};

}  // namespace repo
