#include "dumper/policy_defaults.h"

#include <array>

namespace repo {
namespace {

constexpr std::string_view kPackages = "what a package manager fetched";
constexpr std::string_view kPlugins = "plugins that an editor or shell fetched";
constexpr std::string_view kVersions = "what a version manager fetched";

// Folders that are ".../NAME" of a tool's own making, never one that a person would think up. Not
// here: volumes of containers, .julia/dev and other folders for development, vendor/, /var/cache.
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
    DefaultRule{".local/share/containers/storage/overlay", false, "layers of container images"},
    DefaultRule{".local/share/containers/cache", false, "a cache"},
    DefaultRule{".rustup", false, kVersions},
    DefaultRule{".pyenv", false, kVersions},
    DefaultRule{".rbenv", false, kVersions},
    DefaultRule{".nodenv", false, kVersions},
    DefaultRule{".nvm", false, kVersions},
    DefaultRule{".asdf", false, kVersions},
    DefaultRule{".vim/plugged", false, kPlugins},
    DefaultRule{".vim/bundle", false, kPlugins},
    DefaultRule{".local/share/nvim", false, kPlugins},
    DefaultRule{".emacs.d/straight", false, kPlugins},
    DefaultRule{".emacs.d/elpa", false, kPlugins},
    DefaultRule{".emacs.d/elpaca", false, kPlugins},
    DefaultRule{".config/emacs/straight", false, kPlugins},
    DefaultRule{".config/emacs/elpa", false, kPlugins},
    DefaultRule{".config/emacs/elpaca", false, kPlugins},
    DefaultRule{".vscode/extensions", false, kPlugins},
    DefaultRule{".vscode-oss/extensions", false, kPlugins},
    DefaultRule{".vscode-server/extensions", false, kPlugins},
    DefaultRule{".tmux/plugins", false, kPlugins},
    DefaultRule{".local/share/zinit", false, kPlugins},
    // The clone that the installer makes; custom/ in it is where people put their own.
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
