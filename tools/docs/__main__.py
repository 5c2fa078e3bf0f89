"""Brings the written parts of the documents up to date: `python -m tools.docs`."""

from tools.docs import PARTS, ROOT, up_to_date


def main() -> None:
    """Rewrite what is out of date."""
    for document in PARTS:
        file = ROOT / document
        text = file.read_text(encoding="utf-8")
        wanted = up_to_date(document, text)
        if wanted != text:
            file.write_text(wanted, encoding="utf-8")
        print(f"{document}: {'up to date' if wanted == text else 'written'}")


if __name__ == "__main__":
    main()
