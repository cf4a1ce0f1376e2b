/** The request of a client with that many names: half of them held, eight sectors and regions with limits, a narrow cash band. */
export function portfolio(names) {
  const ids = Array.from({ length: names }, (_, i) => `NAME${String(i).padStart(3, '0')}`)
  const uneven = (i) => 1 + ((i * 7919) % 13)
  const total = ids.reduce((sum, _, i) => sum + uneven(i), 0)
  const units = ids.map((_, i) => Math.floor((uneven(i) * 10_000) / total))
  return {
    portfolio_snapshot: {
      portfolio_id: 'pf',
      base_currency: 'USD',
      positions: ids
        .filter((_, i) => i % 2 === 0)
        .map((instrument_id, i) => ({ instrument_id, quantity: String(20 + 3 * i) })),
      cash_balances: [{ currency: 'USD', amount: '200000' }],
    },
    market_data_snapshot: {
      prices: ids.map((instrument_id, i) => ({ instrument_id, price: `${40 + i}.25`, currency: 'USD' })),
      fx_rates: [],
    },
    model_portfolio: {
      targets: ids.map((instrument_id, i) => ({ instrument_id, weight: String(units[i] / 10_000) })),
    },
    shelf_entries: ids.map((instrument_id, i) => ({
      instrument_id,
      status: 'APPROVED',
      asset_class: 'EQUITY',
      attributes: { sector: `S${i % 4}`, region: `R${Math.floor(i / 3) % 4}` },
    })),
    options: {
      target_method: 'SOLVER',
      single_position_max_weight: '0.04',
      cash_band_min_weight: '0.01',
      cash_band_max_weight: '0.05',
      group_constraints: {
        'sector:S0': { max_weight: '0.24' },
        'sector:S1': { max_weight: '0.3' },
        'region:R0': { max_weight: '0.24' },
        'region:R1': { max_weight: '0.3' },
      },
    },
  }
}
