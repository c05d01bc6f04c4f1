// What Shopify's sandbox gives a custom pixel, and customer events as its reference of standard events has them.
const handlers = {}
const analytics = { subscribe: (name, handler) => { handlers[name] = handler } }
const browser = { localStorage: { getItem: async (name) => name === 'aisle.session' ? '{"id":"s-1f0e9a3c-6f6e-4c55-9a53-3f2f7f0c2c11","at":1}' : null } }
const variant = { id: '41', sku: 'TEE-M', title: 'M', price: { amount: 20, currencyCode: 'EUR' }, product: { id: '4', title: 'Plain Tee', vendor: 'Ora', url: '/products/tee' } }
const cartLine = { cost: { totalAmount: { amount: 40, currencyCode: 'EUR' } }, merchandise: variant, quantity: 2 }
const events = [
  ['product_viewed', { productVariant: variant }],
  ['product_added_to_cart', { cartLine }],
  ['product_removed_from_cart', { cartLine }],
  ['checkout_started', { checkout: { currencyCode: 'EUR', totalPrice: { amount: 40, currencyCode: 'EUR' }, order: null, token: 't',
    lineItems: [{ id: '1', quantity: 2, title: 'Plain Tee', variant }] } }],
  ['page_viewed', {}],
]
setTimeout(async () => {
  let seq = 0
  for (const [name, data] of events) {
    if (handlers[name]) await handlers[name]({ id: 'sh-' + name, name, type: 'standard', seq: seq++, clientId: 'c', timestamp: new Date().toISOString(), context: {}, data })
  }
}, 0)
