#include "tests/support/scripted_dumper.h"

#include <sys/stat.h>

#include <cerrno>

#include "base/file_io.h"

namespace repo::test {

Result<CopyFacts> ScriptedDumper::make_a_file(const DumpJob& job) {
  if (mkdirat(job.staging_fd, "data", 0700) != 0) return system_error("create", "data", errno);
  if (Status made = create_file(job.staging_fd, "data/file", "the copy\n"); !made) {
    return made.error();
  }
  CopyFacts facts;
  facts.fingerprint = {{"uuid", "u-1"}, {"revision", std::uint64_t{7}}};
  return facts;
}

}  // namespace repo::test
