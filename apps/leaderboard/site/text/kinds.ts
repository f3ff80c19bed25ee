import type { Track, TruthKind } from '@loadbearing/ranking'

/** What the kinds of truth and the tracks are called on the pages, and where their tables lie. */
export const truths: Readonly<
  Record<TruthKind, { readonly title: string; readonly lost: string; readonly path: string }>
> = {
  'accuracy-drop': { title: 'accuracy drop', lost: 'accuracy', path: '/' },
  'bounded-kl': { title: 'bounded KL', lost: 'agreement with its own predictions', path: '/bounded-kl/' },
}

export const tracks: Readonly<Record<Track, { readonly title: string; readonly description: string }>> = {
  predictor: { title: 'Predictors', description: 'run no perturbed forward pass' },
  probe: { title: 'Probes', description: 'perturb, run and look; they pay for it in forward passes' },
}

export const trackNames: readonly Track[] = ['predictor', 'probe']
