#include "restorer/user_drill.h"

#include <algorithm>

#include "base/bytes_path.h"
#include "dumper/damage.h"
#include "dumper/user_command.h"
#include "dumper/user_copy.h"
#include "restorer/drill_script.h"

namespace repo {
namespace {

class UserDrill final : public Drill {
 public:
  explicit UserDrill(UserKind kind) : kind_(std::move(kind)) {}

  bool is_files_alone(const GenerationSummary&) const override { return false; }

  Result<std::vector<std::string>> run(const DrillJob& job,
                                       const CommandRunner& runner) const override {
    if (kind_.drill.empty()) {
      return plain_error("", "", "its kind has no \"drill\" (" + printable(kind_.file) + ")");
    }
    Result<UserPlace> place = prepare(job);
    if (!place) return place.error();
    const auto step = [&](const char* name, const UserCommands& commands) {
      return run_step(name, commands, *place, runner);
    };
    if (Status done = step("drill", kind_.drill); !done) return of_the_copy(done.error());
    std::vector<std::string> steps = {"restored by the drill of its kind"};
    if (kind_.compare.empty()) {
      steps.emplace_back("its kind compares nothing with what was restored");
      return steps;
    }
    if (Status same = step("compare", kind_.compare); !same) return of_the_copy(same.error());
    // One that cannot be run twice would say no after the control, whatever that has changed.
    if (Status same = step("compare, run again", kind_.compare); !same) return unfit(same.error());
    if (Status changed = step("control", kind_.control); !changed) return unfit(changed.error());
    if (Status noticed = notices(*std::move(place), runner); !noticed) return noticed.error();
    steps.emplace_back("what was restored compared with the copy");
    steps.emplace_back("a change of it was noticed");
    return steps;
  }

 private:
  Status run_step(const char* name, const UserCommands& commands, const UserPlace& place,
                  const CommandRunner& runner) const {
    const Result<std::string> said = run_user_commands(kind_, name, commands, place, runner);
    return said ? Status() : said.error();
  }

  static bool is_for_each(const UserCommands& commands) {
    return std::any_of(commands.begin(), commands.end(),
                       [](const UserCommand& command) { return command.each_match; });
  }

  // After the control `compare` must say no; where both are run for each match, of each of them.
  Status notices(UserPlace place, const CommandRunner& runner) const {
    std::vector<std::optional<std::string>> changed = {std::nullopt};
    if (is_for_each(kind_.control) && is_for_each(kind_.compare)) {
      changed.assign(place.values.matches.begin(), place.values.matches.end());
    }
    for (const std::optional<std::string>& match : changed) {
      place.only_match = match;
      const Status noticed =
          run_step("compare, after the control's change", kind_.compare, place, runner);
      if (noticed) {
        return plain_error("", "",
                           "compare: it says \"equal\" of what \"control\" has changed" +
                               (match ? " (" + printable(*match) + ")" : std::string()) +
                               ", so it proves nothing");
      }
      if (!is_of_the_copy(noticed.error())) return unfit(noticed.error());
    }
    return {};
  }

  Result<UserPlace> prepare(const DrillJob& job) const {
    const Result<UniqueFd> data = open_data(job);
    if (!data) return data.error();
    Result<std::vector<std::string>> matches = user_matches(kind_, data->get());
    if (!matches) return matches.error();
    const NewOwner user = {job.uid, job.uid};
    const Result<UniqueFd> tmp = make_user_folder(job.scratch, "tmp", user, job.patience);
    if (!tmp) return tmp.error();
    if (Status given = hand_over(job.scratch, user, job.patience); !given) return given.error();
    const GenerationSummary& record = job.record;
    UserPlace place;
    place.values = user_values(record.path, record.uid, record.gid, record.host);
    place.values.matches = *std::move(matches);
    place.values.dest = kUserDataAt;
    place.values.tmp = kUserTmpAt;
    place.base.uid = job.uid;
    place.base.binds = {{job.scratch, "/staging", true}};
    place.base.sockets = kind_.drill_network == UserNetwork::kOwn ? Sockets::kOwn : Sockets::kNone;
    place.base.environment = user_environment(kind_, place.values);
    place.base.patience = job.patience;
    return place;
  }

  // A command that says no blames the copy; one that could not be run does not.
  static Error of_the_copy(Error error) {
    error.op = is_of_the_copy(error) ? kUnusable : "";
    return error;
  }

  // The kind's own fault: nothing is known of the copy.
  static Error unfit(Error error) {
    error.op = "";
    return error;
  }

  const UserKind kind_;
};

}  // namespace

std::unique_ptr<Drill> make_user_drill(UserKind kind) {
  return std::make_unique<UserDrill>(std::move(kind));
}

}  // namespace repo
