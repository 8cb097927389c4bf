#include "dumper/item_options.h"

#include "base/bytes_path.h"
#include "base/clock.h"
#include "base/options_config.h"
#include "dumper/dumper.h"

namespace repo {

void add_item_options(CLI::App& app, int& jobs, ItemOptionWords& words) {
  const CLI::Validator is_duration(mistake_in_duration, "DURATION");
  const CLI::Validator is_kind(
      [](std::string& kind) {
        return find_dumper(kind) ? std::string() : printable(kind) + ": no such kind";
      },
      "");
  app.add_option("-k,--kinds", words.kinds, "only these kinds, with commas: svn,hg,git")
      ->delimiter(',')
      ->type_name("LIST")
      ->check(is_kind);
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

ItemOptionValues values_of(const ItemOptionWords& words) {
  return {{words.kinds.begin(), words.kinds.end()},
          *parse_duration(words.timeout),
          *parse_duration(words.max_time),
          words.sandbox == "auto"};
}

}  // namespace repo
