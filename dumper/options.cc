#include "dumper/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <sstream>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/exit_code.h"

namespace repo {
namespace {

const CLI::Validator kDuration(
    [](std::string& text) {
      const auto duration = parse_duration(text);
      const bool good = duration && duration->count() > 0;
      return good ? std::string() : "a number above 0 with s, m, h or d: " + text;
    },
    "DURATION");

}  // namespace

int default_dump_jobs() {
  constexpr int kMost = 16;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 2, kMost);
}

std::variant<DumpOptions, OptionsMessage> parse_dump_options(int argc, const char* const* argv) {
  DumpOptions options;
  options.jobs = default_dump_jobs();
  CLI::App app(
      "Makes a verified hot copy of every repository that a manifest of repo-scan names.\n"
      "A copy is published in DIR/current only after its own tool has read all of it; one item\n"
      "that fails stops no other. Restoring by hand: see DIR/README.txt.\n",
      "repo-dump");
  app.set_version_flag("--version", "repo-dump " REPO_BACKUP_VERSION);
  app.footer(std::string("Examples:\n"
                         "  repo-scan / > manifest.json && repo-dump manifest.json\n"
                         "  repo-scan /srv | repo-dump --to /mnt/backup -\n"
                         "  repo-dump -n manifest.json             what would be copied\n"
                         "  repo-dump --only /srv/svn/alpha manifest.json\n\n") +
             kExitCodeHelp);
  std::vector<std::string> kinds;
  std::vector<std::string> only;
  std::string timeout = "10m";
  std::string max_time = "6h";
  std::string sandbox = "auto";
  app.add_option("MANIFEST", options.manifest, "file made by repo-scan, or - for stdin")
      ->required();
  app.add_option("--to", options.to, "dump root")->type_name("DIR")->capture_default_str();
  app.add_option("-j,--jobs", options.jobs, "items at once")
      ->type_name("N")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("-k,--kinds", kinds, "only these kinds, with commas: svn,hg,git")
      ->delimiter(',')
      ->type_name("LIST");
  app.add_option("--only", only, "only this item, by its path or id (repeatable)")
      ->type_name("PATH|ID")
      ->allow_extra_args(false);
  app.add_option("--keep", options.keep, "generations of each item to keep")
      ->type_name("N")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--timeout", timeout, "give an item up that reads and writes nothing for so long")
      ->type_name("DURATION")
      ->check(kDuration)
      ->capture_default_str();
  app.add_option("--max-time", max_time, "give an item up that takes longer in all")
      ->type_name("DURATION")
      ->check(kDuration)
      ->capture_default_str();
  app.add_option("--sandbox", sandbox, "auto, or none for repositories that you trust")
      ->type_name("MODE")
      ->check(CLI::IsMember({"auto", "none"}))
      ->capture_default_str();
  app.add_flag("-n,--dry-run", options.dry_run, "say what would be copied, and touch nothing");
  app.add_option("--results", options.results, "also write the JSON lines to FILE")
      ->type_name("FILE");
  app.add_flag("--json", options.json, "print JSON lines, the last one a summary");
  app.add_flag("-q,--quiet", options.quiet, "print only what went wrong");
  app.add_flag("--nice", options.nice, "run at idle priority");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const bool asked = app.exit(error, out, err) == 0;
    return OptionsMessage{exit_status(asked ? ExitCode::kOk : ExitCode::kUsage),
                          asked ? out.str() : err.str()};
  }
  options.kinds.insert(kinds.begin(), kinds.end());
  options.only.insert(only.begin(), only.end());
  options.timeout = *parse_duration(timeout);
  options.max_time = *parse_duration(max_time);
  options.sandbox = sandbox == "auto";
  return options;
}

}  // namespace repo
