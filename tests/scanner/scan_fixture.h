// What tests of repo-scan share: a run of it with its streams.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "scanner/scan.h"

namespace repo {

using Stream = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

inline Stream temporary() { return {std::tmpfile(), std::fclose}; }

inline std::string content(std::FILE* stream) {
  std::fflush(stream);
  std::rewind(stream);
  std::string all;
  for (int c = 0; (c = std::fgetc(stream)) != EOF;) all += static_cast<char>(c);
  return all;
}

struct Scanned {
  int status = -1;
  std::string out;
  std::string err;
};

// The whole tool.
inline Scanned run(const ScanOptions& options) {
  const Stream out = temporary();
  const Stream err = temporary();
  const int status = run_scan(options, out.get(), err.get());
  return {status, content(out.get()), content(err.get())};
}

}  // namespace repo
