import type { Templates } from "./text.ts";

export const chinese: Templates = {
  order_confirmed: (orderId) => ({
    subject: `您的訂單 ${orderId} 已確認`,
    body: `感謝您的訂購。

訂單 ${orderId} 已確認：商品已為您保留，款項已取得授權。
包裹寄出時才會向您收款。
`,
  }),
  order_refused: (orderId) => ({
    subject: `您的訂單 ${orderId} 無法成立`,
    body: `非常抱歉。

訂單 ${orderId} 無法成立，我們不會向您收款。
原因請見訂單頁面。歡迎您再次訂購。
`,
  }),
  order_shipped: (orderId) => ({
    subject: `您的訂單 ${orderId} 已出貨`,
    body: `訂單 ${orderId} 已交給物流業者，並已向您收款。
`,
  }),
  order_delivered: (orderId) => ({
    subject: `您的訂單 ${orderId} 已送達`,
    body: `訂單 ${orderId} 已送達。

若有任何問題，您可以在期限內退貨，請見訂單頁面。
`,
  }),
  order_cancelled: (orderId) => ({
    subject: `您的訂單 ${orderId} 已取消`,
    body: `訂單 ${orderId} 已取消，已授權或收取的款項均已退還。

原因請見訂單頁面。歡迎您再次訂購。
`,
  }),
  order_returned: (orderId) => ({
    subject: `您的訂單 ${orderId} 已退回`,
    body: `訂單 ${orderId} 的商品已退回，您支付的款項已退還。
`,
  }),
  order_closed: (orderId) => ({
    subject: `您的訂單 ${orderId} 已完成`,
    body: `訂單 ${orderId} 已完成，退貨期限已過。

感謝您的惠顧。
`,
  }),
};
