"""The hook of the build: the page and the engine in C go into the wheel where they can be built.

Both are optional. Where one cannot be built the package is made without it, and the reason is
told; pip hides that, so the server says it too: at `/`, and in its first line.
"""

import importlib.util
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface[Any]):
    """Builds both before the wheel, or the editable one, is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build both; a wheel with the engine in it is one of this platform."""
        del version
        feed = Path(self.root) / "feed"
        page = _load(feed / "web" / "build_page.py")
        try:
            page.build_page(feed / "web")
        except page.NotBuiltError as error:
            self.app.display_warning(f"the dashboard is not built: {error}")
        native = _load(feed / "native" / "build.py")
        try:
            library = native.build(feed / "native")
        except native.NotCompiledError as error:
            self.app.display_warning(f"the fan-out's engine in C is not compiled: {error}")
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["artifacts"].append(str(library.relative_to(self.root)))
        build_data["pure_python"] = False
        build_data["tag"] = f"cp311-abi3-{platform}"


def _load(path: Path) -> ModuleType:
    """Load a file of the project by its path: nothing of it can be imported yet."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
