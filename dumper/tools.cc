#include "dumper/tools.h"

#include <fcntl.h>
#include <unistd.h>

#include "dumper/dump_root.h"
#include "dumper/dumper.h"
#include "dumper/sandbox.h"

namespace repo {
namespace {

bool is_installed(const std::string& tool) {
  return access(("/usr/bin/" + tool).c_str(), X_OK) == 0 ||
         access(("/bin/" + tool).c_str(), X_OK) == 0;
}

ToolState ask_tool(const Dumper& dumper, const CommandRunner& runner, const Patience& patience) {
  if (!is_installed(dumper.tool())) {
    return {"",
            plain_error("run", "",
                        dumper.tool() + " is not installed: apt-get install " + dumper.package())};
  }
  Result<std::string> version = dumper.tool_version(runner, patience);
  if (!version) return {"", version.error()};
  return {*std::move(version), std::nullopt};
}

}  // namespace

Result<Tools> find_tools(const std::set<std::string>& kinds, bool sandbox, int marked,
                         const Patience& patience) {
  Tools tools;
  if (kinds.empty()) return tools;
  if (sandbox) {
    tools.mark = UniqueFd(openat(marked, kCacheTag, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    Result<std::unique_ptr<CommandRunner>> made = make_sandbox(tools.mark.get());
    if (!made) return made.error();
    tools.runner = *std::move(made);
  } else {
    tools.runner = make_direct_runner();
  }
  for (const std::string& kind : kinds) {
    tools.of_kind[kind] = ask_tool(*find_dumper(kind), *tools.runner, patience);
  }
  return tools;
}

}  // namespace repo
