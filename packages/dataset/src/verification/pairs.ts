/** Names the model and perturbation of a row. */
export function pairOf(row: { readonly model_id: number; readonly perturbation_id: number }): string {
  return `${row.model_id}/${row.perturbation_id}`
}
