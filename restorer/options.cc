#include "restorer/options.h"

#include <CLI/CLI.hpp>

#include "base/bytes_path.h"
#include "base/clock.h"
#include "base/exit_code.h"
#include "base/options_config.h"
#include "dumper/item_options.h"
#include "dumper/options.h"

namespace repo {
namespace {

const CLI::Validator kDuration(mistake_in_duration, "DURATION");

constexpr const char* kName = "repo-restore";

constexpr const char* kDescription =
    "Brings copies back that repo-dump has made, and proves that they can be brought back.\n\n"
    "  repo-restore list                          what there is, and what is proven of it\n"
    "  repo-restore show ITEM                     all generations of one repository\n"
    "  repo-restore restore ITEM --to TARGET      one back, checked by SHA-256 as it is copied\n"
    "  repo-restore restore --all --to DIR        all back, below DIR at their original paths\n"
    "  repo-restore --drill ITEM…|--all|--stale 7d  restore to a scratch place, and use it\n"
    "  repo-restore --scrub [ITEM…]               read every file of every generation again\n\n"
    "ITEM is an original path or an id. No command writes to a copy; restore, list and show work\n"
    "on a read-only dump root, and on what a file-level backup has brought back of one.\n";

constexpr const char* kExamples =
    "Examples:\n"
    "  repo-restore restore /srv/svn/alpha --to /srv/svn/alpha\n"
    "  repo-restore restore /home/u/proj --to /home/u/proj --with-files\n"
    "  repo-restore restore --all --to / --from /mnt/backup --map-owner 1001=alice\n"
    "  repo-restore --drill --stale 7d --budget 30m\n"
    "  repo-restore list --stale 14d              names what no drill has proven; exit 3 if "
    "any\n\n";

// For what the clock has chosen, and nobody waits for.
constexpr std::chrono::minutes kUsualBudget{30};

OptionsMessage usage(const std::string& message) {
  return {exit_status(ExitCode::kUsage), std::string(kName) + ": " + message + " (see --help)\n"};
}

// What the words and flags mean together, or what is wrong with them.
std::optional<OptionsMessage> read_command(std::vector<std::string> words, bool drill, bool scrub,
                                           RestoreOptions& options) {
  if (drill && scrub) return usage("--drill and --scrub are two commands: name one");
  if (drill || scrub) {
    options.command = drill ? RestoreCommand::kDrill : RestoreCommand::kScrub;
  } else {
    if (words.empty()) return usage("list, show, restore, --drill or --scrub is missing");
    const std::string word = words.front();
    words.erase(words.begin());
    if (word == "list") {
      options.command = RestoreCommand::kList;
    } else if (word == "show") {
      options.command = RestoreCommand::kShow;
    } else if (word == "restore") {
      options.command = RestoreCommand::kRestore;
    } else {
      return usage(printable(word) + ": no such command: list, show and restore are");
    }
  }
  options.items = std::move(words);
  const bool restores = options.command == RestoreCommand::kRestore;
  const bool has_items = !options.items.empty();
  if (options.all && has_items) return usage("--all is instead of an ITEM");
  if (restores && !options.all && options.items.size() != 1) {
    return usage("restore needs one ITEM, or --all");
  }
  if (options.command == RestoreCommand::kShow && !has_items) return usage("show needs an ITEM");
  if (restores && options.to.empty()) return usage("restore needs --to, the place where it goes");
  if (!restores && !options.to.empty()) return usage("--to is for restore");
  if (!options.generation.empty() && (!restores || options.all)) {
    return usage("--generation is for restore of one ITEM");
  }
  if (!options.generation.empty() && !parse_stamp(options.generation)) {
    return usage("--generation: a time as show prints it: " + printable(options.generation));
  }
  if (drill && !has_items && !options.all && !options.stale) {
    return usage("--drill needs ITEMs, --all or --stale DURATION");
  }
  return std::nullopt;
}

}  // namespace

std::variant<RestoreOptions, OptionsMessage> parse_restore_options(
    int argc, const char* const* argv, const std::string& default_config) {
  RestoreOptions options;
  options.jobs = default_dump_jobs();
  CLI::App app(kDescription, kName);
  app.set_version_flag("--version", std::string(kName) + " " REPO_BACKUP_VERSION);
  app.footer(std::string(kExamples) + kExitCodeHelp);
  std::vector<std::string> words;
  std::vector<std::string> users;
  std::vector<std::string> groups;
  std::string stale;
  std::string budget;
  ItemOptionWords words_of_items;
  bool drill = false;
  bool scrub = false;
  app.add_option("COMMAND", words, "list, show or restore, and ITEMs");
  app.add_option("--from", options.from,
                 "dump root, or a copy of it (default: repo-dump's --to of the configuration)")
      ->type_name("DIR");
  app.add_flag("--all", options.all, "every item")->configurable(false);
  app.add_option("--to", options.to, "restore: where it goes; must not exist, or be empty")
      ->type_name("TARGET")
      ->configurable(false);
  app.add_option("--generation", options.generation, "restore: an earlier copy, as show names it")
      ->type_name("TIME")
      ->configurable(false);
  app.add_flag("--with-files", options.with_files,
               "restore: put the .git or .hg alone where working files are already");
  app.add_option("--map-owner", users, "restore: what user 1001 had is alice's here (repeatable)")
      ->type_name("1001=alice")
      ->allow_extra_args(false);
  app.add_option("--map-group", groups, "the same for groups (repeatable)")
      ->type_name("1001=alice")
      ->allow_extra_args(false);
  app.add_flag("--drill", drill, "restore to a scratch place, use it, compare, and keep the proof")
      ->configurable(false);
  app.add_option("--stale", stale, "drill, list: items that no drill has proven for so long")
      ->type_name("DURATION")
      ->check(kDuration)
      ->configurable(false);
  app.add_option("--budget", budget,
                 "drill: end in time, oldest proof first (default with --stale: 30m)")
      ->type_name("DURATION")
      ->check(kDuration);
  app.add_option("--scratch", options.scratch,
                 "drill: where to restore to (default: in the dump root)")
      ->type_name("DIR");
  app.add_flag("--scrub", scrub, "read all that is there and compare it with its SHA-256")
      ->configurable(false);
  add_item_options(app, options.jobs, words_of_items);
  app.add_flag("--json", options.json, "print JSON");
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
  if (options.from.empty()) options.from = place_of_copies(*config);
  if (!stale.empty()) options.stale = *parse_duration(stale);
  if (!budget.empty()) options.budget = *parse_duration(budget);
  if (budget.empty() && options.stale) options.budget = kUsualBudget;  // what the clock chooses
  if (auto wrong = read_command(std::move(words), drill, scrub, options)) return *std::move(wrong);
  Result<OwnerMap> owners = make_owner_map(users, groups);
  if (!owners) return usage("cannot " + describe(owners.error()));
  options.owners = *std::move(owners);
  // What brings a copy back must work where nobody has defined its kind yet, or wrongly.
  const bool uses_kinds = options.command == RestoreCommand::kDrill;
  Result<ItemOptionValues> values = values_of(words_of_items, uses_kinds);
  if (!values) return config_message(app.get_name(), values.error());
  if (auto unknown = uses_kinds ? unknown_kind(app, *config, *values) : std::nullopt) {
    return *std::move(unknown);
  }
  options.user_kinds = std::move(values->user_kinds);
  options.kinds = std::move(values->kinds);
  options.timeout = values->timeout;
  options.max_time = values->max_time;
  options.sandbox = values->sandbox;
  return options;
}

}  // namespace repo
