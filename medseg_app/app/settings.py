"""Settings: what a user chose once and for all, one sentence each."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Literal

from medseg_app.io.atomic import replacing


@dataclass
class Settings:
    """reader: name kept in provenance. recent: cases and folders opened last, newest first.

    device: auto, cpu, cuda:N or mps. precision: exact or fast. show_patient: names in the corners.
    keys: keys that the user gave to actions, by the name of the action.
    models: the model that ran last on images of a modality.
    geometry: the window's last place as the toolkit packs it.
    """

    reader: str = ""
    recent: list[str] = field(default_factory=list)
    device: str = "auto"
    precision: Literal["exact", "fast"] = "exact"
    show_patient: bool = True
    brush_mm: float = 10.0
    fill_opacity: float = 0.35
    outline_px: float = 1.5
    keys: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    geometry: str = ""
    path: Path | None = None

    @classmethod
    def load(cls, folder: Path) -> Settings:
        """The settings of a folder; defaults where there are none or where a value is not readable."""
        path = folder / "settings.json"
        settings = cls(path=path)
        try:
            stored = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            return settings
        for name in (f.name for f in fields(cls) if f.name != "path"):
            if isinstance(stored, dict) and type(stored.get(name)) is type(getattr(settings, name)):
                setattr(settings, name, stored[name])
        return settings

    def save(self) -> None:
        """Write the settings where they were loaded from."""
        if self.path is None:
            return
        values = {key: value for key, value in asdict(self).items() if key != "path"}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.path) as temporary:
            temporary.write_text(json.dumps(values, indent=1, ensure_ascii=False), "utf-8")

    def remember(self, path: Path) -> None:
        """Put a case or folder at the head of the recent ones, as it is found from anywhere."""
        text = str(path.absolute())
        self.recent = [text, *(p for p in self.recent if p != text)][:12]
