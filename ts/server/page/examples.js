/** Requests to begin with. */
const approved = (instrument_id, sector) => ({
  instrument_id,
  status: 'APPROVED',
  asset_class: 'EQUITY',
  attributes: { sector },
})

const priced = (instrument_id, price) => ({ instrument_id, price, currency: 'USD' })

export const examples = {
  'Growth model with a sector limit': {
    portfolio_snapshot: {
      portfolio_id: 'pf_growth',
      base_currency: 'USD',
      positions: [
        { instrument_id: 'CHIP', quantity: '300' },
        { instrument_id: 'BANK', quantity: '150' },
      ],
      cash_balances: [{ currency: 'USD', amount: '55000' }],
    },
    market_data_snapshot: {
      prices: [priced('CHIP', '100'), priced('SOFT', '50'), priced('BANK', '100'), priced('BOND', '20')],
      fx_rates: [],
    },
    model_portfolio: {
      targets: [
        { instrument_id: 'CHIP', weight: '0.30' },
        { instrument_id: 'SOFT', weight: '0.25' },
        { instrument_id: 'BANK', weight: '0.25' },
        { instrument_id: 'BOND', weight: '0.15' },
      ],
    },
    shelf_entries: [
      approved('CHIP', 'TECH'),
      approved('SOFT', 'TECH'),
      approved('BANK', 'FINANCE'),
      approved('BOND', 'FIXED_INCOME'),
    ],
    options: {
      cash_band_min_weight: '0.02',
      cash_band_max_weight: '0.10',
      single_position_max_weight: '0.35',
      group_constraints: { 'sector:TECH': { max_weight: '0.45' } },
    },
  },
  'A cap and a cash band that contradict each other': {
    portfolio_snapshot: {
      portfolio_id: 'pf_conflict',
      base_currency: 'USD',
      positions: [],
      cash_balances: [{ currency: 'USD', amount: '1000' }],
    },
    market_data_snapshot: { prices: [priced('CHIP', '100'), priced('BOND', '100')], fx_rates: [] },
    model_portfolio: {
      targets: [
        { instrument_id: 'CHIP', weight: '0.6' },
        { instrument_id: 'BOND', weight: '0.4' },
      ],
    },
    shelf_entries: [approved('CHIP', 'TECH'), approved('BOND', 'FIXED_INCOME')],
    options: {
      cash_band_max_weight: '0.10',
      single_position_max_weight: '0.6',
      group_constraints: { 'sector:TECH': { max_weight: '0.2' } },
    },
  },
}
