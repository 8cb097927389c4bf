// What the options files of the tools share: --config FILE, and the file's values as options of a
// CLI11 app. With those files the only place that knows CLI11.
#pragma once

#include <string>

#include "base/config_file.h"
#include "base/options_message.h"
#include "base/status_line.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace repo {

// Adds --config FILE to the options of `app`.
void add_config_option(CLI::App& app, const std::string& default_path);

// Adds --progress auto|always|never, which writes `show`.
void add_progress_option(CLI::App& app, ShowProgress& show);

// As the function of a CLI::Validator: what is wrong with a DURATION, which must be above zero.
std::string mistake_in_duration(std::string& text);

// After the command line was parsed: loads the file, and gives `app` the values of [common] and of
// the section that has the app's name. Keys are the long names of the app's own options, so there
// is no second list of them; each value goes through the checks of its option. What the command
// line says wins, then the tool's section, then [common]; of an option that may be repeated all
// values count. CLI::Option::configurable(false) keeps an option out of the file.
//
// Returns the whole file, for sections that are no options. Throws nothing of CLI11's.
Result<Config> configure(CLI::App& app);

// A mistake in a section of that file, with the file's name.
Error in_config(const CLI::App& app, const Error& mistake);

// What CLI11 has to say of the command line: help and version are no error.
OptionsMessage parse_message(const CLI::App& app, const CLI::ParseError& error);

// A mistake in the value of the option `key` that is seen only once the other options are known:
// with its line, where the configuration has that value.
OptionsMessage value_message(const CLI::App& app, const Config& config, const std::string& key,
                             const std::string& value, const std::string& mistake);

// `error`, which is about the configuration, as what the tool prints: exit status 2.
OptionsMessage config_message(const std::string& tool, const Error& error);

}  // namespace repo
