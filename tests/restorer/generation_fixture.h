// A generation as a dump leaves it, made by the real seal from a source that the test makes.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "dumper/record.h"
#include "dumper/seal.h"
#include "tests/support/result_support.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {

class GenerationTest : public testing::Test {
 protected:
  using Fill = std::function<void(const std::string& folder)>;

  // `fill` makes the source; the copy has its contents and times, and besides what `more` puts into
  // it alone.
  void make(const Fill& fill, const Fill& more = nullptr) {
    test::make_folder(source_);
    fill(source_);
    test::make_folder(generation_);
    test::must_run({"cp", "-dR", "--preserve=timestamps", "--sparse=always", source_, data_});
    test::must_run({"find", data_, "(", "-type", "p", "-o", "-type", "s", ")", "-delete"});
    if (more) more(data_);
    seal_it();
  }

  void seal_it() {
    const UniqueFd source = test::open_folder(source_);
    const UniqueFd staging = test::open_folder(generation_);
    SealJob job;
    job.staging = staging.get();
    job.source = source.get();
    job.patience = test::patient();
    const Sealed sealed = test::value_of(seal(job));
    const struct stat st = test::lstat_of(source_);
    ItemRecord record;
    record.id = "an-id";
    record.source.kind = "svn";
    record.source.path = source_;
    record.source.store = source_;
    record.source.uid = st.st_uid;
    record.source.gid = st.st_gid;
    record.source.mode = st.st_mode & 07777;
    record.generation = "20260131T235959Z";
    record.totals = sealed.totals;
    record.checksums_sha256 = sealed.checksums_sha256;
    record.owners_sha256 = sealed.owners_sha256;
    record.links_sha256 = sealed.links_sha256;
    record_ = test::value_of(read_item_record(write_item_record(record)));
  }

  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string generation_ = tree_ / "generation";
  const std::string data_ = generation_ + "/data";
  GenerationSummary record_;
};

}  // namespace repo
