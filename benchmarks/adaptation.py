"""What adaptation to the target does: errors before and after, on labelled collections.

python -m benchmarks.adaptation ../shared/collections/{tv-lcp,tv-bfm,tv-studio,rooms}

Each collection is diarized by windows, adapts the back-ends without its labels, and is linked by
average linkage with the model before and after. X-DER with a collar of 0.25 s each side, overlap
left out; EER of one vector a speaker a recording, from the reference.
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from benchmarks.accuracy import WAYS, embedded, linked, percent
from trfast.diarization import Diarizer
from trfast.evaluation import equal_error_rate, verification_trials_of_scores
from trfast.linking import adapt
from trfast.model import load_model
from trfast.training.frames import frames_of
from trfast.training.labelled import LabelledCollection
from trfast.training.vectors import reference_vectors

BACKENDS = ("cosine", "plda", "tr")


@click.command()
@click.argument("collections", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", "model_path", type=click.Path(path_type=Path), help="Model file.")
def main(collections: tuple[Path, ...], model_path: Path | None) -> None:
    """Measure the errors before and after adaptation."""
    model = load_model(model_path)
    click.echo(f"model {model.content_hash[:12]}")
    for path in collections:
        collection = LabelledCollection.read(path)
        frames = {name: frames_of(file, model.mfcc) for name, file in collection.audio.items()}
        diarizer = Diarizer(model)
        local = [diarizer.cluster(s) for s in embedded(diarizer, WAYS[0], collection, frames)]
        vectors = np.concatenate([d.vectors for d in local])
        adapted, done = adapt(model, vectors, [d.recording for d in local for _ in d.speakers])
        static = {name: array for name, (array, _) in frames.items()}
        named = reference_vectors(static, collection.reference, model.embedder, model.mfcc)
        click.echo(f"\n{path.name}: {len(vectors)} local speakers")
        for name in BACKENDS:
            click.echo(f"  {name:6} {done.get(name, 'cannot be adapted')}")
            for when, own in (("before", model), ("after", adapted)):
                x_der = percent(collection, linked(local, own.across(name, "average")), across=True)
                backend = own.backend(name)
                similarities = backend.similarity(backend.project(named.vectors))
                trials = verification_trials_of_scores(similarities, named.speakers)
                click.echo(
                    f"    {when:6}  X-DER {x_der}   EER {100 * equal_error_rate(*trials):5.2f} %"
                )


if __name__ == "__main__":
    main()
