#include "scanner/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <thread>

#include "base/bytes_path.h"
#include "base/clock.h"
#include "base/exit_code.h"
#include "base/options_config.h"
#include "base/path_glob.h"
#include "base/text.h"
#include "scanner/user_kind_file.h"

namespace repo {
namespace {

std::string comma_separated(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

// The kinds that users have defined, too.
Result<Kinds> known_kinds(const std::string& folder) {
  UserKinds user = load_chosen_user_kinds(folder);
  if (user.errors.empty()) return Kinds::with(std::move(user.kinds));
  Error first = user.errors.front();
  first.message += "; repo-scan --check-kinds tells more";
  return first;
}

// CLI11 takes "[a,b]" among positional arguments for a list. A root of such a name is a relative
// path, and so is the same with "./" before it.
std::vector<std::string> with_literal_roots(const CLI::App& app, int argc,
                                            const char* const* argv) {
  std::vector<std::string> arguments;
  bool options_ended = false;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    const std::string before = argv[i - 1];
    const CLI::Option* option =
        options_ended || before[0] != '-' ? nullptr : app.get_option_no_throw(before);
    const bool is_value = option && option->get_items_expected_min() > 0;
    if (!is_value && argument.starts_with('[')) argument.insert(0, "./");
    options_ended = options_ended || (!is_value && argument == "--");
    arguments.push_back(std::move(argument));
  }
  std::reverse(arguments.begin(), arguments.end());  // as App::parse takes them
  return arguments;
}

}  // namespace

int default_scan_jobs() {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(4 * cores, 8, 64);
}

std::variant<ScanOptions, OptionsMessage> parse_scan_options(int argc, const char* const* argv,
                                                             const std::string& default_config) {
  ScanOptions options;
  options.jobs = default_scan_jobs();
  CLI::App app(
      "Finds every repository (Subversion, Mercurial, Git) and PostgreSQL cluster below the "
      "ROOTs,\n"
      "and writes a manifest for repo-dump.\n"
      "It only reads. Symbolic links are not followed. Not entered, and under \"pruned\" in the\n"
      "manifest, are /proc and the like, network file systems, FUSE, automounters, read-only\n"
      "snapshots, layers of containers, and a dump root.\n",
      "repo-scan");
  app.set_version_flag("--version", "repo-scan " REPO_BACKUP_VERSION);
  app.footer(std::string("Examples:\n"
                         "  repo-scan / > manifest.json\n"
                         "  repo-scan --list /srv /home\n"
                         "  repo-scan -x --exclude '*/node_modules' -o manifest.json /\n"
                         "  repo-scan -o manifest.json --diff manifest.json /\n\n") +
             kExitCodeHelp);
  std::vector<std::string> kinds;
  std::vector<std::string> fs_types;
  std::string stall = "60s";
  app.add_option("ROOT", options.roots, "directories to look below");
  app.add_option("-o,--output", options.output,
                 "write the manifest to FILE, whole or not at all, instead of stdout (-)")
      ->type_name("FILE");
  app.add_option("-j,--jobs", options.jobs, "threads")
      ->type_name("N")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("-k,--kinds", kinds,
                 "only these kinds, with commas: svn, hg, git, postgres, and your own")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("LIST");
  app.add_option(
         "--kinds-dir", options.kinds_folder,
         "where kinds of your own are defined (default: " + std::string(kUserKindsFolder) + ")")
      ->type_name("DIR");
  app.add_flag("--check-kinds", options.check_kinds,
               "explain the kinds of your own, or what is wrong with them, and scan nothing")
      ->configurable(false);
  app.add_flag("-x,--one-file-system", options.one_file_system, "do not enter other file systems");
  app.add_option("--exclude", options.excludes,
                 "leave out what matches: the whole path, or without '/' any name (repeatable)")
      ->type_name("GLOB")
      ->allow_extra_args(false)
      ->check([](const std::string& glob) { return mistake_in_glob(glob).value_or(""); });
  app.add_flag("--no-leaf-skip", options.no_leaf_skip,
               "open directories that have no subdirectory, too");
  app.add_flag("--network", options.network, "enter network file systems");
  app.add_option("--fs", fs_types, "enter file systems of this type too (repeatable)")
      ->type_name("TYPE")
      ->allow_extra_args(false);
  app.add_option("--stall", stall,
                 "give up a network file system or FUSE that does not answer for so long")
      ->type_name("DURATION")
      ->check(CLI::Validator(mistake_in_duration, "DURATION"))
      ->capture_default_str();
  app.add_flag("--layers", options.layers, "enter the layers of container images, too");
  app.add_flag("--list", options.list, "print the paths, a line each, and no manifest");
  app.add_flag("-0", options.nul, "with --list: raw paths, each with a NUL behind it");
  app.add_option(
         "--diff", options.diff,
         "print what is different from the older manifest OLD (- for stdin), and no manifest;\n"
         "-o writes the manifest all the same, also to OLD itself")
      ->type_name("OLD")
      ->check([](const std::string& file) { return file.empty() ? "no name of a file" : ""; })
      ->configurable(false);
  app.add_flag("--json", options.json, "with --diff: print a JSON document");
  app.add_flag("-v,--verbose", options.verbose, "name everything that is not entered");
  app.add_flag("-q,--quiet", options.quiet, "print errors only");
  add_progress_option(app, options.progress);
  app.add_flag("--nice", options.nice, "run at idle priority");
  add_config_option(app, default_config);
  try {
    app.parse(with_literal_roots(app, argc, argv));
  } catch (const CLI::ParseError& error) {
    return parse_message(app, error);
  }
  const Result<Config> config = configure(app);
  if (!config) return config_message(app.get_name(), config.error());
  if (!options.check_kinds) {
    if (options.roots.empty()) {
      return OptionsMessage{exit_status(ExitCode::kUsage),
                            "repo-scan: ROOT is required\nRun with --help for more information.\n"};
    }
    Result<Kinds> known = known_kinds(options.kinds_folder);
    if (!known) return config_message(app.get_name(), known.error());
    options.known = *std::move(known);
    const std::vector<std::string> names = options.known.names();
    for (const std::string& kind : kinds) {
      if (std::find(names.begin(), names.end(), kind) != names.end()) continue;
      return value_message(app, *config, "kinds", kind,
                           "no such kind: " + repo::quoted(printable(kind)) + "; there are " +
                               comma_separated(names));
    }
  }
  if (options.nul && !options.list) {
    return OptionsMessage{exit_status(ExitCode::kUsage), "repo-scan: -0 requires --list\n"};
  }
  if (!options.diff.empty() && options.list) {
    return OptionsMessage{exit_status(ExitCode::kUsage),
                          "repo-scan: --diff and --list exclude each other\n"};
  }
  for (std::string& root : options.roots) {
    if (root.starts_with("./[")) root.erase(0, 2);
  }
  options.stall = *parse_duration(stall);
  if (options.output == "-") options.output.clear();  // as other tools take it
  options.kinds.insert(kinds.begin(), kinds.end());
  options.fs_types.insert(fs_types.begin(), fs_types.end());
  return options;
}

}  // namespace repo
