#include "dumper/policy_defaults.h"

#include <array>

namespace repo {
namespace {

constexpr std::string_view kPackages = "what a package manager fetched";
constexpr std::string_view kPlugins = "plugins that an editor or shell fetched";
constexpr std::string_view kVersions = "what a version manager fetched";

// Folders that are ".../NAME" of a tool's own making, never one that a person would think up. Not
// here: what containers hold, .julia/dev and other folders for development, Emacs' package folders
// (straight, elpaca and package-vc are made for work in their clones), .vim/bundle and others that
// are filled by hand, vendor/, /var/cache.
constexpr std::array kRules = {
    DefaultRule{".cache", false, "a cache"},
    DefaultRule{"node_modules", false, kPackages},
    DefaultRule{".npm", false, kPackages},
    DefaultRule{".pnpm-store", false, kPackages},
    DefaultRule{".cargo/registry", false, kPackages},
    DefaultRule{".cargo/git", false, kPackages},
    DefaultRule{"go/pkg/mod", false, kPackages},
    DefaultRule{".pub-cache", false, kPackages},
    DefaultRule{".julia/registries", false, kPackages},
    DefaultRule{".julia/clones", false, kPackages},
    DefaultRule{".terraform/modules", false, kPackages},
    DefaultRule{".local/share/containers/cache", false, "a cache"},
    // The clones that installers make; plugins/ in some of them is where people put their own.
    DefaultRule{".rustup", true, kVersions},
    DefaultRule{".pyenv", true, kVersions},
    DefaultRule{".rbenv", true, kVersions},
    DefaultRule{".nodenv", true, kVersions},
    DefaultRule{".nvm", true, kVersions},
    DefaultRule{".asdf", true, kVersions},
    DefaultRule{".vim/plugged", false, kPlugins},
    DefaultRule{".local/share/nvim/lazy", false, kPlugins},
    DefaultRule{".vscode/extensions", false, kPlugins},
    DefaultRule{".vscode-oss/extensions", false, kPlugins},
    DefaultRule{".vscode-server/extensions", false, kPlugins},
    DefaultRule{".tmux/plugins", false, kPlugins},
    DefaultRule{".local/share/zinit", false, kPlugins},
    DefaultRule{".oh-my-zsh", true, kPlugins},
};

}  // namespace

std::span<const DefaultRule> default_rules() { return kRules; }

bool applies(const DefaultRule& rule, std::string_view path) {
  for (std::size_t at = path.find(rule.folder); at != std::string_view::npos;
       at = path.find(rule.folder, at + 1)) {
    const std::size_t end = at + rule.folder.size();
    const bool begins = at > 0 && path[at - 1] == '/';
    const bool ends = end == path.size() || (!rule.itself_only && path[end] == '/');
    if (begins && ends) return true;
  }
  return false;
}

}  // namespace repo
