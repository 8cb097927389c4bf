#include "dumper/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <thread>
#include <vector>

#include "base/bytes_path.h"
#include "base/clock.h"
#include "base/exit_code.h"
#include "base/options_config.h"
#include "dumper/dumper.h"
#include "dumper/item_options.h"

namespace repo {
namespace {

const CLI::Validator kDuration(mistake_in_duration, "DURATION");

}  // namespace

std::string place_of_copies(const Config& config) {
  if (const ConfigSection* section = find_section(config, "repo-dump")) {
    for (const ConfigEntry& entry : section->entries) {
      if (entry.key == "to" && !entry.values.empty()) return entry.values.front().text;
    }
  }
  return DumpOptions().to;
}

int default_dump_jobs() {
  constexpr int kMost = 16;
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 2, kMost);
}

std::variant<DumpOptions, OptionsMessage> parse_dump_options(int argc, const char* const* argv,
                                                             const std::string& default_config) {
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
  std::vector<std::string> only;
  std::vector<std::string> accept;
  std::vector<std::string> forget;
  std::vector<std::string> acknowledged;
  std::string pg_method = "dump";
  std::string pg_lock_wait = "1m";
  std::string full_every = "30d";
  std::string verify_all_every = "7d";
  ItemOptionWords words_of_items;
  app.add_option("MANIFEST", options.manifest, "file made by repo-scan, or - for stdin")
      ->required();
  app.add_option("--to", options.to, "dump root")->type_name("DIR")->capture_default_str();
  add_item_options(app, options.jobs, words_of_items);
  app.add_option("--only", only, "only this item, by its path or id (repeatable)")
      ->type_name("PATH|ID")
      ->allow_extra_args(false);
  app.add_option("--keep", options.keep, "generations of each item to keep")
      ->type_name("N")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_flag("--full", options.full, "copy and verify everything, and share no file with before");
  app.add_option("--full-every", full_every, "do so for an item once in so long")
      ->type_name("DURATION")
      ->check(kDuration)
      ->capture_default_str();
  app.add_option("--verify-all-every", verify_all_every,
                 "read all of a copy again once in so long; between, what is new in it")
      ->type_name("DURATION")
      ->check(kDuration)
      ->capture_default_str();
  app.add_option(
         "--accept", accept,
         "let older copies of this item go, which are kept since it was exchanged or shrank "
         "(repeatable)")
      ->type_name("PATH|ID")
      ->allow_extra_args(false)
      ->configurable(false);  // an answer to one night's doubt, and none for all that follow
  app.add_option("--forget", forget,
                 "remove all copies of this repository, which a complete scan no longer finds "
                 "(repeatable)")
      ->type_name("PATH|ID")
      ->allow_extra_args(false)
      ->configurable(false);
  app.add_option("--pg-jobs", options.servers.jobs, "connections of one PostgreSQL dump")
      ->type_name("N")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--pg-method", pg_method,
                 "dump: each database by pg_dump; basebackup: all of a cluster as of one moment, "
                 "for the same major version alone")
      ->check(CLI::IsMember({"dump", "basebackup"}))
      ->capture_default_str();
  app.add_option("--pg-lock-wait", pg_lock_wait,
                 "wait so long for a table that somebody has locked")
      ->type_name("DURATION")
      ->check(kDuration)
      ->capture_default_str();
  app.add_option("--pg-role", options.servers.role,
                 "connect to PostgreSQL as ROLE (default: the name of the cluster's owner)")
      ->type_name("ROLE");
  app.add_option("--pg-acknowledge", acknowledged,
                 "a PostgreSQL database that need not be in a copy, of any cluster or that in DIR "
                 "(repeatable)")
      ->type_name("NAME[@DIR]")
      ->check([](const std::string& text) {
        return text.empty() || text.starts_with("@/") ? "no name of a database" : "";
      })
      ->allow_extra_args(false);
  app.add_flag("-n,--dry-run", options.dry_run, "say what would be copied, and touch nothing")
      ->configurable(false);  // a night that copies nothing must not look like one that did
  app.add_option("--results", options.results, "also write the JSON lines to FILE")
      ->type_name("FILE");
  app.add_flag("--json", options.json, "print JSON lines, the last one a summary");
  app.add_flag("-q,--quiet", options.quiet, "print only what went wrong");
  app.add_flag("--nice", options.nice, "run at idle priority");
  add_progress_option(app, options.progress);
  add_config_option(app, default_config);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return parse_message(app, error);
  }
  const Result<Config> config = configure(app);
  if (!config) return config_message(app.get_name(), config.error());
  Result<ItemOptionValues> values = values_of(words_of_items);
  if (!values) return config_message(app.get_name(), values.error());
  if (auto unknown = unknown_kind(app, *config, *values)) return *std::move(unknown);
  options.user_kinds = std::move(values->user_kinds);
  if (const ConfigSection* section = find_section(*config, "policy")) {
    Result<Policy> policy = read_policy(
        *section, [&](const std::string& kind) { return is_kind(kind, options.user_kinds); });
    if (!policy) return config_message(app.get_name(), in_config(app, policy.error()));
    options.policy = *std::move(policy);
  }
  options.only.insert(only.begin(), only.end());
  options.accept.insert(accept.begin(), accept.end());
  options.forget.insert(forget.begin(), forget.end());
  options.full_every = *parse_duration(full_every);
  options.verify_all_every = *parse_duration(verify_all_every);
  if (pg_method == "basebackup") options.servers.method = ServerOptions::Method::kBasebackup;
  options.servers.lock_wait = *parse_duration(pg_lock_wait);
  for (const std::string& each : acknowledged) {
    // A name may have an @ in it; a data directory begins with a slash.
    const std::size_t at = each.rfind("@/");
    const bool has_path = at != std::string::npos;
    options.servers.acknowledged.push_back(
        {each.substr(0, at), has_path ? each.substr(at + 1) : std::string()});
  }
  options.kinds = std::move(values->kinds);
  options.timeout = values->timeout;
  options.max_time = values->max_time;
  options.sandbox = values->sandbox;
  return options;
}

}  // namespace repo
