import { column, idOf, optional, type RowOf, table, type TableDeclaration } from './columns.ts'

/** What a criterion can be asked to predict, in the order of the tables. */
export const truthKinds = ['accuracy-drop', 'bounded-kl'] as const

const modelId = idOf('models', column('u16', 'The model, in models.'))
const layerId = idOf('layers', column('u16', 'The layer, in layers.'))
const perturbationId = idOf('perturbations', column('u8', 'The perturbation, in perturbations.'))
const criterionId = idOf('criteria', column('u16', 'The criterion, in criteria.'))
const taskId = idOf('tasks', column('u16', 'The task, in tasks.'))
const truth = column('utf8', `What is predicted: ${truthKinds.map((kind) => `'${kind}'`).join(' or ')}.`)

/** Every table, by name, in the order in which they build on each other. */
export const tables = {
  models: table('models', 'The measured networks: a row a model.', {
    model_id: idOf('models', column('u16', 'Number of the model; its row.')),
    name: column('utf8', 'Name, as in zoo:NAME, or that of the file.'),
    title: column('utf8', 'What it is, for a person.'),
    family: column('utf8', 'Architecture family: models that aggregates treat as one kind.'),
    data: column('utf8', 'The images that it classifies.'),
    sha256: column('utf8', 'SHA-256 of the ONNX file, in hex.'),
    opset: column('u16', 'Version of the ONNX operators.'),
    layers: column('u16', 'Number of layers.'),
    parameters: column('u32', 'Weights in its layers; biases are not counted.', 'weights'),
    macs: column('f64', 'Multiply-accumulates of its layers for one image.', 'MACs'),
    classes: column('u16', 'Number of classes.'),
    images: column(
      'u32',
      'Most test images that a cell of it was measured on: a prefix of the seeded, class-stratified order.',
      'images',
    ),
    test_images: column('u32', 'Images of the whole test set.', 'images'),
    clean_correct: column(
      'u32',
      'Of the images it was measured on, classified correctly without a perturbation.',
      'images',
    ),
    clean_loss: column('f64', 'Mean cross-entropy without a perturbation.', 'nats'),
    licence: optional('utf8', 'Licence of the network, where known.'),
  }),
  layers: table('layers', 'The layers of the models: a row a learned weight tensor.', {
    layer_id: idOf('layers', column('u16', 'Number of the layer, over all models; its row.')),
    model_id: modelId,
    depth: column('u16', 'Position in order of execution, from 0.'),
    name: column('utf8', "The weight tensor's name in the ONNX file."),
    op: column('utf8', 'ONNX operator: Conv, ConvTranspose, Gemm or MatMul.'),
    nodes: column('utf8', 'Names of the consuming nodes, joined by commas.'),
    weight_shape: column('utf8', 'Shape of the weight, joined by commas.'),
    groups: column('u16', 'Groups of a convolution; 1 otherwise.'),
    parameters: column('u32', 'Weights; the bias is not counted.', 'weights'),
    macs: column('f64', 'Multiply-accumulates for one image.', 'MACs'),
    input_shape: column('utf8', 'Shape of its input for one image, joined by commas.'),
    output_shape: column('utf8', 'Shape of its output for one image, joined by commas.'),
  }),
  perturbations: table('perturbations', 'What was done to the weights: a row a perturbation.', {
    perturbation_id: idOf('perturbations', column('u8', 'Number of the perturbation; its row.')),
    name: column('utf8', 'Name.'),
    family: column('utf8', 'noise, pruning, quantization, faults or reset.'),
    version: column('u16', 'Version; part of every seed.'),
    target: column('utf8', "What is perturbed: 'weights', or 'activations' (a layer's output)."),
    unit: column('utf8', 'What an intensity counts.'),
    intensities: column('utf8', 'The grid, weakest first, joined by commas.'),
    stochastic: column('bool', 'Whether repeats differ.'),
    group: column('utf8', 'Group of alike perturbations: what the headline averages first.'),
    summary: column('utf8', 'One sentence.'),
    reference_title: column('utf8', 'Title of the source.'),
    reference_url: column('utf8', 'Address of the source.'),
  }),
  efforts: table(
    'efforts',
    'How much was measured of a model under a perturbation, and why: a row a pair. Where a noise ceiling was aimed at, a pilot measured every level and fixed which of them are live; the rest was spent on those.',
    {
      model_id: modelId,
      perturbation_id: perturbationId,
      target: optional('f64', 'The noise ceiling aimed at; null where images and repeats were given.', 'correlation'),
      interval: optional(
        'f64',
        'Half the width that the interval of every single cell was narrowed to; null where that was not the aim. Cells then differ in their images.',
        'fraction',
      ),
      pilot_images: optional('u32', 'Test images of the pilot; null where there was none.', 'images'),
      pilot_repeats: optional('u8', 'Draws of the pilot; null where there was none.', 'draws'),
      live_levels: optional(
        'utf8',
        'Indices of the levels that the pilot found live, joined by commas; null where there was none: the outcomes decide.',
      ),
      images: column(
        'u32',
        'Test images of a live level, those of the pilot included; where cells were narrowed, the most of one.',
        'images',
      ),
      repeats: column('u8', 'Draws of a live level, those of the pilot included.', 'draws'),
      expected: optional(
        'f64',
        'The noise ceiling that the pilot let one expect; what was reached is in tasks.',
        'correlation',
      ),
      reason: optional('utf8', 'Why the ceiling aimed at was not to be reached.'),
    },
  ),
  sensitivity: table(
    'sensitivity',
    'The ground truth: a row a cell (model × layer × perturbation × level × repeat), in that order. Where a cell could not be measured, reason says why and its results are null.',
    {
      cell_id: idOf('sensitivity', column('u32', 'Number of the cell; its row.')),
      model_id: modelId,
      layer_id: layerId,
      perturbation_id: perturbationId,
      level: column('u8', "Index of the intensity in the perturbation's grid."),
      intensity: column('f64', "How strongly; the perturbation's unit."),
      repeat: column('u8', 'Number of the draw, from 0.'),
      images: column('u32', 'Test images: the first ones of the order.', 'images'),
      clean_correct: column('u32', 'Of those, classified correctly without the perturbation.', 'images'),
      correct: optional(
        'u32',
        'Classified correctly with it. Sensitivity = (clean_correct − correct) / images.',
        'images',
      ),
      changed: optional('u32', 'Given another class than without it.', 'images'),
      non_finite: optional('u32', 'With a NaN or infinite logit; they count as wrong.', 'images'),
      bounded_kl: optional('f64', 'Mean over images of 1 − exp(−KL(clean ‖ perturbed)).', 'fraction'),
      mean_kl: optional('f64', 'Mean KL(clean ‖ perturbed); null where a logit was NaN or infinite.', 'nats'),
      mean_loss: optional('f64', 'Mean cross-entropy; null where a logit was NaN or infinite.', 'nats'),
      weight_sha256: optional(
        'utf8',
        "First 16 hex digits of the SHA-256 of the perturbed weight's float32 bytes (little-endian); null where activations were perturbed.",
      ),
      outcome_offset: optional('u32', 'First row of the cell in outcomes; it has `images` rows.', 'rows'),
      reason: optional('utf8', 'Why the cell was not measured.'),
    },
  ),
  intervals: table(
    'intervals',
    'Where cells were narrowed one by one: a row a measured cell, with what is known of its loss on the whole test set. Beside the outcomes it uses the true class of every image and its logits in the unperturbed network (docs/measuring.md).',
    {
      cell_id: idOf('sensitivity', column('u32', 'The cell, in sensitivity.')),
      value: column('f64', 'Accuracy lost on the whole test set, under this one draw.', 'fraction'),
      low: column('f64', 'Lower end of its 95 % interval.', 'fraction'),
      high: column('f64', 'Upper end of its 95 % interval.', 'fraction'),
    },
  ),
  outcomes: table(
    'outcomes',
    'What became of every image in every cell: a row an image, in order of the cells and, within a cell, of the images. float32, because not every reader of Arrow takes a float16.',
    {
      correct: column('bool', 'Classified correctly with the perturbation.'),
      clean_correct: column('bool', 'Classified correctly without it.'),
      bounded_kl: column('f32', '1 − exp(−KL(clean ‖ perturbed)).', 'fraction'),
    },
  ),
  criteria: table('criteria', 'The scored criteria: a row a criterion.', {
    criterion_id: idOf('criteria', column('u16', 'Number of the criterion; its row.')),
    name: column('utf8', 'Name.'),
    version: column('u16', 'Version.'),
    package: column('utf8', 'Package or file that it came from.'),
    track: column('utf8', 'predictor (no perturbed forward pass) or probe.'),
    aware: column('bool', 'Whether it is scored at every level of a perturbation.'),
    needs: column('utf8', 'What it uses, joined by commas.'),
    options: column('utf8', 'Its options, as JSON.'),
    summary: column('utf8', 'One sentence.'),
    reference_title: column('utf8', 'Title of the source.'),
    reference_url: column('utf8', 'Address of the source.'),
  }),
  scores: table(
    'scores',
    'What the criteria said: a row a criterion × layer (× perturbation × level, for the aware ones).',
    {
      criterion_id: criterionId,
      model_id: modelId,
      layer_id: layerId,
      perturbation_id: idOf(
        'perturbations',
        optional('u8', 'The perturbation; null where the criterion is not perturbation-aware.'),
      ),
      level: optional('u8', "Index in the perturbation's grid; null where the criterion is not perturbation-aware."),
      value: optional('f64', 'The score; higher means more important. Null where there is none.'),
      standard_error: optional('f64', "The criterion's own estimate of its error, where it draws at random."),
      capped: column(
        'bool',
        'Whether the draws ended at their cap, before the score was as certain as the criterion wants it.',
      ),
      engine: optional(
        'utf8',
        'What ran the network, with its version; several are joined by commas. Null where nothing ran.',
      ),
      reason: optional('utf8', 'Why there is no score.'),
    },
  ),
  tasks: table('tasks', 'The ranking problems: a row a model × perturbation × truth.', {
    task_id: idOf('tasks', column('u16', 'Number of the task; its row.')),
    model_id: modelId,
    perturbation_id: perturbationId,
    truth,
    layers: column('u16', 'Layers to rank.'),
    live_levels: column('utf8', 'Indices of the live levels (mean drop of 2 to 50 points), joined by commas.'),
    ceiling: optional(
      'f64',
      "Noise ceiling: the highest correlation that the truth's own noise allows. Null where it cannot be estimated.",
      'correlation',
    ),
    counts: column('bool', 'Whether the task counts for the headline.'),
    reason: optional('utf8', 'Why it does not.'),
  }),
  truths: table('truths', 'The pooled truth of every layer in every task.', {
    task_id: taskId,
    layer_id: layerId,
    value: column('f64', 'Mean over live levels, repeats and images of what is lost.', 'fraction'),
    low: column('f64', 'Lower end of the 95 % interval.', 'fraction'),
    high: column('f64', 'Upper end of the 95 % interval.', 'fraction'),
  }),
  rankings: table('rankings', 'How well each criterion orders the layers of each task: a row a task × criterion.', {
    task_id: taskId,
    criterion_id: criterionId,
    spearman: optional('f64', "Spearman's ρ between scores and truth.", 'correlation'),
    share: optional('f64', 'ρ as share of the noise ceiling; not clipped.', 'share'),
    share_low: optional('f64', 'Lower end of the 95 % interval of the share (bootstrap over layers).', 'share'),
    share_high: optional('f64', 'Upper end of the 95 % interval of the share.', 'share'),
    kendall: optional('f64', "Kendall's τ-b.", 'correlation'),
    recall_top20: optional('f64', 'Share of the 20 % most important layers among its top 20 %.', 'share'),
    ndcg: optional('f64', 'Normalised discounted cumulative gain.', 'share'),
    regret: optional(
      'f64',
      'What is lost by protecting the layers it picks instead of those that matter most.',
      'fraction',
    ),
    constant: column('bool', 'Whether it gave every layer the same score (ρ = 0 then).'),
    failed_layers: column('u16', 'Layers without a score.', 'layers'),
    reason: optional('utf8', 'Why it failed on this task, where it did.'),
  }),
  leaderboard: table('leaderboard', 'The table: a row a criterion × truth, over the tasks that count.', {
    criterion_id: criterionId,
    truth,
    share: optional('f64', 'Headline: mean share of the noise ceiling. Null where no task counts.', 'share'),
    share_low: optional('f64', 'Lower end of its 95 % interval (bootstrap over models and layers).', 'share'),
    share_high: optional('f64', 'Upper end of its 95 % interval.', 'share'),
    kendall: optional('f64', "Mean of Kendall's τ-b.", 'correlation'),
    recall_top20: optional('f64', 'Mean recall of the top 20 %.', 'share'),
    ndcg: optional('f64', 'Mean NDCG.', 'share'),
    regret: optional('f64', 'Mean regret.', 'fraction'),
    mean_rank: optional('f64', 'Mean rank over the tasks, 1 is best; within its track.', 'rank'),
    tasks: column('u16', 'Tasks that count.'),
    failures: column('u16', 'Of those, tasks on which it failed.'),
    constants: column('u16', 'Of those, tasks on which it was constant.'),
  }),
  size_effects: table(
    'size_effects',
    "How the scores of a criterion go with the size of the layers: a row a criterion × model (× perturbation, for the aware ones, pooled over its live levels). Spearman's ρ over the layers that have a score; null where fewer than two have one, or all are of one size.",
    {
      criterion_id: criterionId,
      model_id: modelId,
      perturbation_id: idOf(
        'perturbations',
        optional('u8', 'The perturbation; null where the criterion is not perturbation-aware.'),
      ),
      layers: column('u16', 'Layers with a score.', 'layers'),
      parameters: optional('f64', "Spearman's ρ between scores and weights.", 'correlation'),
      macs: optional('f64', "Spearman's ρ between scores and multiply-accumulates.", 'correlation'),
      depth: optional('f64', "Spearman's ρ between scores and position in order of execution.", 'correlation'),
      constant: column('bool', 'Whether it gave all of them the same score (ρ = 0 then).'),
    },
  ),
  runs: table('runs', 'What it cost: a row a unit of work. The one table that may differ between two runs.', {
    kind: column('utf8', 'measure or score.'),
    model_id: idOf('models', optional('u16', 'The model, where the work was on one.')),
    criterion_id: idOf('criteria', optional('u16', 'The criterion, where the work was a score.')),
    seconds: column('f64', 'Wall-clock time.', 's'),
    cpu_seconds: column('f64', 'Processor time, all threads.', 's'),
    peak_memory: optional(
      'f64',
      'Highest resident memory above idle: of a score in a process of its own, at one level where it has several. Null where it was not measured.',
      'bytes',
    ),
    examples: column('u32', 'Different images that it used.', 'images'),
    forwards: column('f64', 'Forward passes of one image.', 'forwards'),
    backwards: column('f64', 'Backward passes of one image.', 'backwards'),
    threads: column('u16', 'Worker threads.'),
    processor: column('utf8', 'Processor.'),
    platform: column('utf8', 'Operating system and architecture.'),
    node: column('utf8', 'Version of Node.js.'),
    engine: optional('utf8', 'What ran the network, as in scores.'),
  }),
} as const satisfies Record<string, TableDeclaration>

export type Tables = typeof tables
export type TableName = keyof Tables
export type Row<N extends TableName> = RowOf<Tables[N]>

export const tableNames = Object.keys(tables) as TableName[]
