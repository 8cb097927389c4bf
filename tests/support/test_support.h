// What tests share: temporary trees, and processes run to their end.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace repo::test {

// A private directory, removed with everything in it when the object goes.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

void write_file(const std::string& path, const std::string& bytes);
std::string read_file(const std::string& path);

struct Ran {
  int status = -1;  // exit status; 128 + N where signal N ended it
  std::string out;
  std::string err;
};

// Runs argv[0] (looked up in PATH) and waits for its end; for the real tools in tests, on trees
// that the test made.
Ran run(const std::vector<std::string>& argv);

// As run(); the test fails where the exit status is not 0. Returns what it printed on stdout.
std::string must_run(const std::vector<std::string>& argv);

}  // namespace repo::test
