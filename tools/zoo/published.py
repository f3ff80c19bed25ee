"""The networks that have a card, and where their files lie."""

from pathlib import Path

from candidates import CANDIDATES
from recipes import RECIPES, Recipe

PACKAGES = Path(__file__).parents[2] / "packages"
CARDS = PACKAGES / "zoo/models"
SHIPPED = CARDS
FETCHED = PACKAGES / "zoo-networks/networks"


def published() -> list[Recipe]:
    """The recipes that have a card, by name. Exits on a card without a recipe."""
    recipes = {recipe.name: recipe for recipe in [*RECIPES, *CANDIDATES]}
    names = sorted(path.stem for path in CARDS.glob("*.json"))
    if unknown := [name for name in names if name not in recipes]:
        raise SystemExit(f"No recipe makes {', '.join(unknown)}, but {CARDS} has a card of each.")
    return [recipes[name] for name in names]


def onnx_file(name: str) -> Path:
    """The network's ONNX file: beside its card where it ships, else among those that are fetched."""
    shipped = SHIPPED / f"{name}.onnx"
    return shipped if shipped.exists() else FETCHED / f"{name}.onnx"
