#include "dumper/tools.h"

#include <fcntl.h>
#include <unistd.h>

#include "dumper/dump_root.h"
#include "dumper/dumper.h"
#include "dumper/sandbox.h"

namespace repo {
namespace {

ToolState ask_tool(const Dumper& dumper, const CommandRunner& runner, const Patience& patience) {
  if (const std::optional<Error> missing = dumper.missing_tool()) return {"", *missing};
  Result<std::string> version = dumper.tool_version(runner, patience);
  if (!version) return {"", version.error()};
  return {*std::move(version), std::nullopt};
}

}  // namespace

Result<Tools> find_tools(const std::set<std::string>& kinds, const Dumpers& dumpers, bool sandbox,
                         int marked, const Patience& patience) {
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
    tools.of_kind[kind] = ask_tool(*dumpers.find(kind), *tools.runner, patience);
  }
  return tools;
}

}  // namespace repo
