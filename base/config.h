// The configuration file as data: the text becomes sections of keys and values, each with its line.
// Pure; base/config_file.h reads the file.
//
// The format is a part of TOML: sections, comments, and key = value, where a value is a string ("…"
// with escapes, or '…' as it stands), a decimal number, true, false, or an array of strings and
// numbers, which may span lines. Everything else of TOML is a mistake, and never taken for
// something similar. Strings are bytes: paths need not be UTF-8.
//
//   [repo-dump]
//   to = "/mnt/backup"   # as repo-dump --to /mnt/backup
//   kinds = ["svn", "hg"]
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace repo {

struct ConfigValue {
  std::string text;
  int line = 0;
};

enum class ConfigType { kString, kNumber, kBool, kArray };

struct ConfigEntry {
  std::string key;
  ConfigType type = ConfigType::kString;
  std::vector<ConfigValue> values;  // one, but for an array; of a bool "true" or "false"
  int line = 0;
};

struct ConfigSection {
  std::string name;
  std::vector<ConfigEntry> entries;
  int line = 0;
};

using Config = std::vector<ConfigSection>;

// In the order of the file. A mistake: what is not of the format above, a section or a key that
// stands twice, a key before the first section, and a section that no tool knows (known_sections).
Result<Config> parse_config(std::string_view text);

// The sections that a file may have: one for each tool, [common] and [policy].
const std::vector<std::string>& known_sections();

// Null where the file has no such section.
const ConfigSection* find_section(const Config& config, std::string_view name);

// The error of everything that is wrong in a file: its message begins with "line N: ".
Error config_mistake(int line, const std::string& message);

}  // namespace repo
