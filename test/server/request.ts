/** A portfolio of four names with a sector limit. */
export function request(options: Record<string, unknown> = {}) {
  const approved = (instrument_id: string, sector: string) => ({
    instrument_id,
    status: 'APPROVED',
    asset_class: 'EQUITY',
    attributes: { sector },
  })
  return {
    portfolio_snapshot: {
      portfolio_id: 'pf_server',
      base_currency: 'USD',
      positions: [{ instrument_id: 'CHIP', quantity: '30' }],
      cash_balances: [{ currency: 'USD', amount: '7000' }],
    },
    market_data_snapshot: {
      prices: ['CHIP', 'SOFT', 'BANK', 'BOND'].map((instrument_id) => ({
        instrument_id,
        price: '100',
        currency: 'USD',
      })),
      fx_rates: [],
    },
    model_portfolio: {
      targets: [
        { instrument_id: 'CHIP', weight: '0.3' },
        { instrument_id: 'SOFT', weight: '0.3' },
        { instrument_id: 'BANK', weight: '0.2' },
        { instrument_id: 'BOND', weight: '0.1' },
      ],
    },
    shelf_entries: [
      approved('CHIP', 'TECH'),
      approved('SOFT', 'TECH'),
      approved('BANK', 'FINANCE'),
      approved('BOND', 'BOND'),
    ],
    options: {
      target_method: 'SOLVER',
      group_constraints: { 'sector:TECH': { max_weight: '0.4' } },
      ...options,
    },
  }
}

/** A cap and a cash band that contradict each other. */
export const impossible = () => request({ cash_band_max_weight: '0.05', single_position_max_weight: '0.2' })
