// Records to write and to read.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "dumper/record.h"

namespace repo {

using Json = nlohmann::json;

inline UtcTime at(std::int64_t seconds) { return UtcTime(std::chrono::seconds(seconds)); }

inline ItemRecord record() {
  ItemRecord made;
  made.id = "srv-svn-alpha-0123";
  made.source.kind = "svn";
  made.source.path = "/srv/svn/alpha";
  made.source.store = "/srv/svn/alpha";
  made.source.device = 65024;
  made.source.inode = UINT64_MAX;
  made.source.uid = 1234;
  made.source.gid = 4294967294U;
  made.source.mode = 02750;
  made.host = "web1";
  made.generation = "20260131T235959Z";
  made.verified_whole = at(0);
  made.copied_whole = at(60);
  made.tool = "svnadmin";
  made.tool_version = "1.14.2";
  made.fingerprint = {{"uuid", "u-1"}, {"revision", std::uint64_t{123}}};
  made.notes = {"a note"};
  made.lock_seconds = 0.0074996;
  made.totals = {10, 20, 30, 40, 5};
  made.checksums_sha256 = "aa";
  made.owners_sha256 = "bb";
  made.links_sha256 = "ll";
  made.source_look.digest = "cc";
  made.source_look.began = {100, 0};
  made.source_look.newest = {90, 0};
  made.copy_look.digest = "dd";
  return made;
}

inline Json parsed(const std::string& text) { return Json::parse(text); }

}  // namespace repo
