// What tests of probes share: changes to a directory that a probe knows, and what it says as a
// text.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <string>
#include <variant>

#include "scanner/probe.h"
#include "tests/support/test_support.h"

namespace repo::test {

// "uuid=… format=8"
inline std::string text(const Detail& detail) {
  std::string all;
  for (const auto& [key, value] : detail) {
    all += (all.empty() ? "" : " ") + key + "=";
    all += std::holds_alternative<std::string>(value) ? std::get<std::string>(value)
                                                      : std::to_string(std::get<1>(value));
  }
  return all;
}

using Change = std::function<void(const std::string& path)>;

inline Change write(const std::string& name, const std::string& bytes) {
  return [=](const std::string& path) { write_file(path + "/" + name, bytes); };
}
inline Change remove(const std::string& name) {
  return
      [=](const std::string& path) { ASSERT_TRUE(std::filesystem::remove_all(path + "/" + name)); };
}
inline Change fifo(const std::string& name) {
  return [=](const std::string& path) {
    std::filesystem::remove_all(path + "/" + name);
    ASSERT_EQ(mkfifo((path + "/" + name).c_str(), 0600), 0);
  };
}

}  // namespace repo::test
