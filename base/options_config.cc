#include "base/options_config.h"

#include <CLI/CLI.hpp>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace repo {
namespace {

using Values = std::vector<std::string>;

bool is_flag(const CLI::Option& option) { return option.get_expected_min() == 0; }
bool is_list(const CLI::Option& option) { return option.get_items_expected_max() > 1; }

// Writes the variable behind the option, or throws CLI::ParseError.
void set(CLI::Option& option, const Values& values) {
  option.clear();
  for (const std::string& value : values) option.add_result(value);
  if (!values.empty()) option.run_callback();
}

class Configurer {
 public:
  explicit Configurer(CLI::App& app) : app_(app) {}

  Status take(const ConfigSection& section) {
    for (const ConfigEntry& entry : section.entries) {
      if (Status taken = take(section, entry); !taken) return taken;
    }
    return {};
  }

  // The file's values and the command line's together.
  void finish() {
    for (auto& [option, sources] : sources_) {
      auto& [file, line] = sources;
      if (is_list(*option)) {
        file.insert(file.end(), line.begin(), line.end());
        set(*option, file);
      } else {
        set(*option, line.empty() ? file : line);
      }
    }
  }

 private:
  struct Sources {
    Values file;
    Values command_line;
  };

  Status take(const ConfigSection& section, const ConfigEntry& entry) {
    const std::string& tool = app_.get_name();
    CLI::Option* option = app_.get_option_no_throw("--" + entry.key);
    if (!option) {
      const std::string hint =
          section.name == tool ? "" : ", and [" + section.name + "] is for what every tool has";
      return config_mistake(entry.line, tool + " has no option --" + entry.key + hint);
    }
    if (!option->get_configurable()) {
      return config_mistake(entry.line, entry.key + " is for the command line only");
    }
    if (is_flag(*option) != (entry.type == ConfigType::kBool)) {
      return config_mistake(entry.line,
                            entry.key + (is_flag(*option) ? " needs true or false, without quotes"
                                                          : " needs a value, not true or false"));
    }
    if (entry.type == ConfigType::kArray && !is_list(*option)) {
      return config_mistake(entry.line, entry.key + " takes one value, no array");
    }
    Sources& sources = sources_.try_emplace(option, Sources{{}, option->results()}).first->second;
    if (!is_list(*option)) sources.file.clear();
    for (const ConfigValue& value : entry.values) {
      try {
        set(*option, {value.text});
      } catch (const CLI::ParseError& error) {
        return config_mistake(value.line, error.what());
      }
      sources.file.push_back(value.text);
    }
    return {};
  }

  CLI::App& app_;
  std::map<CLI::Option*, Sources> sources_;
};

std::string path_of(const CLI::App& app) {
  const CLI::Option* option = app.get_option("--config");
  return option->count() > 0 ? option->results().front() : option->get_default_str();
}

}  // namespace

void add_config_option(CLI::App& app, const std::string& default_path) {
  app.add_option("--config", "options for every run; the command line wins, and lists add up")
      ->type_name("FILE")
      ->default_str(default_path)
      ->configurable(false);
}

void add_progress_option(CLI::App& app, ShowProgress& show) {
  const auto set_show = [&show](const std::string& when) {
    show = when == "auto"     ? ShowProgress::kAuto
           : when == "always" ? ShowProgress::kAlways
                              : ShowProgress::kNever;
  };
  app.add_option_function<std::string>("--progress", set_show,
                                       "auto (on a terminal), always or never")
      ->type_name("WHEN")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->default_str("auto");
}

std::string mistake_in_duration(std::string& text) {
  const auto duration = parse_duration(text);
  const bool good = duration && duration->count() > 0;
  return good ? std::string() : "a number above 0 with s, m, h or d: " + text;
}

Result<Config> configure(CLI::App& app) {
  Result<Config> config = load_config(path_of(app), app.count("--config") > 0);
  if (!config) return config;
  Configurer configurer(app);
  for (const std::string& name : {std::string("common"), app.get_name()}) {
    const ConfigSection* section = find_section(*config, name);
    if (!section) continue;
    if (Status taken = configurer.take(*section); !taken) {
      return in_config(app, taken.error());
    }
  }
  configurer.finish();
  return config;
}

Error in_config(const CLI::App& app, const Error& mistake) {
  return plain_error("use", path_of(app), mistake.message);
}

OptionsMessage parse_message(const CLI::App& app, const CLI::ParseError& error) {
  std::ostringstream out;
  std::ostringstream err;
  const bool asked = app.exit(error, out, err) == 0;
  return {exit_status(asked ? ExitCode::kOk : ExitCode::kUsage), asked ? out.str() : err.str()};
}

OptionsMessage value_message(const CLI::App& app, const Config& config, const std::string& key,
                             const std::string& value, const std::string& mistake) {
  const ConfigSection* section = find_section(config, app.get_name());
  for (const ConfigEntry& entry : section ? section->entries : std::vector<ConfigEntry>()) {
    if (entry.key != key) continue;
    for (const ConfigValue& each : entry.values) {
      if (each.text != value) continue;
      return config_message(app.get_name(),
                            in_config(app, config_mistake(each.line, key + ": " + mistake)));
    }
  }
  return {exit_status(ExitCode::kUsage), app.get_name() + ": --" + key + ": " + mistake +
                                             "\nRun with --help for more information.\n"};
}

OptionsMessage config_message(const std::string& tool, const Error& error) {
  return {exit_status(ExitCode::kUsage), tool + ": cannot " + describe(error) + "\n"};
}

}  // namespace repo
