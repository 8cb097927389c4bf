#include "dumper/item_options.h"

#include "base/bytes_path.h"
#include "base/clock.h"
#include "base/options_config.h"
#include "dumper/dumper.h"
#include "scanner/user_kind_file.h"

namespace repo {

void add_item_options(CLI::App& app, int& jobs, ItemOptionWords& words) {
  const CLI::Validator is_duration(mistake_in_duration, "DURATION");
  app.add_option("-k,--kinds", words.kinds,
                 "only these kinds, with commas: svn, hg, git, postgres, and your own")
      ->delimiter(',')
      ->type_name("LIST");
  app.add_option(
         "--kinds-dir", words.kinds_folder,
         "where kinds of your own are defined (default: " + std::string(kUserKindsFolder) + ")")
      ->type_name("DIR");
  app.add_option("-j,--jobs", jobs, "items at once")
      ->type_name("N")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--timeout", words.timeout,
                 "give an item up that reads and writes nothing for so long")
      ->type_name("DURATION")
      ->check(is_duration)
      ->capture_default_str();
  app.add_option("--max-time", words.max_time, "give an item up that takes longer in all")
      ->type_name("DURATION")
      ->check(is_duration)
      ->capture_default_str();
  app.add_option("--sandbox", words.sandbox, "auto, or none for repositories that you trust")
      ->type_name("MODE")
      ->check(CLI::IsMember({"auto", "none"}))
      ->capture_default_str();
}

Result<ItemOptionValues> values_of(const ItemOptionWords& words, bool uses_kinds) {
  UserKinds user;
  if (uses_kinds) {
    user = load_chosen_user_kinds(words.kinds_folder);
  }
  // All of them are told by repo-scan --check-kinds.
  if (!user.errors.empty()) return user.errors.front();
  return ItemOptionValues{std::move(user.kinds),
                          {words.kinds.begin(), words.kinds.end()},
                          *parse_duration(words.timeout),
                          *parse_duration(words.max_time),
                          words.sandbox == "auto"};
}

std::optional<OptionsMessage> unknown_kind(const CLI::App& app, const Config& config,
                                           const ItemOptionValues& values) {
  const Dumpers known(values.user_kinds);
  for (const std::string& kind : values.kinds) {
    if (known.find(kind)) continue;
    return value_message(app, config, "kinds", kind, "no such kind: " + printable(kind));
  }
  return std::nullopt;
}

}  // namespace repo
