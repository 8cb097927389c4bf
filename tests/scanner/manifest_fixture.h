// What a scan may have found.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/bytes_path.h"
#include "scanner/manifest.h"

namespace repo {

using Json = nlohmann::ordered_json;

inline Repository svn(const std::string& path) {
  return {"svn",
          path,
          path,
          65024,
          131073,
          1234,
          1235,
          0750,
          UtcTime(std::chrono::seconds(1'700'000'000)),
          {{"uuid", "eb55e2dd-c13e-45ef-ae12-827a0bee4983"},
           {"fs_type", "fsfs"},
           {"format", std::uint64_t{8}},
           {"revision", std::uint64_t{123}}}};
}

inline Repository hg(const std::string& path) {
  return {"hg",
          path,
          join_path(path, ".hg"),
          65024,
          99,
          0,
          0,
          02755,
          std::nullopt,
          {{"changesets", std::uint64_t{0}}}};
}

inline ManifestHeader header(std::vector<std::string> roots = {"/"}) {
  return {"repo-scan 1.0.0", "web1", UtcTime(std::chrono::seconds(1'769'903'999)),
          UtcTime(std::chrono::seconds(1'769'904'000)), std::move(roots)};
}

inline ScanResult two_repositories() {
  ScanResult result;
  result.repositories = {svn("/srv/svn/alpha"), hg("/home/a/clone")};
  result.complete = true;
  return result;
}

inline Json parsed(const std::string& text) { return Json::parse(text); }

}  // namespace repo
