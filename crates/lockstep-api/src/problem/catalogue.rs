//! Every kind of problem once: code, status, title and explanation in both languages.

use lockstep_core::catalogue::Text;

/// What the catalogue says about a kind of problem.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) code: &'static str,
    pub(crate) status: u16,
    pub(crate) title: Text,
    pub(crate) detail: Text,
}

macro_rules! kinds {
    ($($name:ident = $code:literal $status:literal
        zh $title_zh:literal $detail_zh:literal
        en $title_en:literal $detail_en:literal;)*) => {
        /// A kind of problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Kind { $($name),* }

        const ENTRIES: &[Entry] = &[$(Entry {
            code: $code,
            status: $status,
            title: Text { zh: $title_zh, en: $title_en },
            detail: Text { zh: $detail_zh, en: $detail_en },
        }),*];
    };
}

impl Kind {
    /// What the catalogue says about it.
    pub(crate) fn entry(self) -> &'static Entry {
        &ENTRIES[self as usize]
    }
}

/// All kinds, for pages and the document.
pub(crate) fn kinds() -> &'static [Entry] {
    ENTRIES
}

kinds! {
    InvalidJson = "invalid_json" 400
        zh "请求体不是有效的 JSON" "请求体无法按 JSON 解析，或嵌套过深；errors 给出行列位置。"
        en "The body is not valid JSON"
            "The body could not be read as JSON, or nests too deep; `errors` says at which line and column.";
    InvalidBody = "invalid_body" 400
        zh "请求体字段不正确" "请求体应为一个 JSON 对象；它缺失、缺少字段、含有未知字段或字段类型不对，errors 给出字段名。"
        en "The body has wrong fields"
            "The body must be a JSON object; it is absent, or a field of it is missing, unknown or of another type. \
             `errors` names it.";
    InvalidQuery = "invalid_query" 400
        zh "查询参数不正确" "某个查询参数未知、重复或格式不对；errors 给出参数名。"
        en "The query has wrong parameters"
            "A query parameter is unknown, repeated or malformed; `errors` names it.";
    InvalidCursor = "invalid_cursor" 400
        zh "翻页游标无效" "游标只能原样使用上一页返回的 next_cursor，且筛选对象须相同。"
        en "The cursor is not valid" "Use `next_cursor` of the page before as it came, for the same list.";
    KeyMissing = "idempotency_key_missing" 400
        zh "缺少 Idempotency-Key" "会产生变更的 POST 请求必须带请求头 Idempotency-Key，例如 \"7f6a…\"（带引号）。"
        en "Idempotency-Key is missing"
            "A POST that changes something needs the header Idempotency-Key, a string in quotes such as \
             \"7f6a…\".";
    KeyInvalid = "idempotency_key_invalid" 400
        zh "Idempotency-Key 格式不对" "请用引号括起的 1 到 255 个可见 ASCII 字符，且只带一次。"
        en "Idempotency-Key is malformed"
            "Send one string in quotes, of 1 to 255 visible ASCII characters, once.";
    Unauthenticated = "unauthenticated" 401
        zh "未通过身份验证" "请在请求头 Authorization 中带上有效的密钥：Bearer lsk_…。密钥缺失、有误或已吊销。"
        en "Not authenticated"
            "Send a valid key in the header Authorization: Bearer lsk_…. The key is missing, wrong or \
             revoked.";
    CallbackRefused = "callback_refused" 401
        zh "回调未通过校验" "签名、渠道或时间不符，未作任何处理。"
        en "The callback was refused" "Its signature, channel or time is wrong; nothing was done with it.";
    ScopeMissing = "scope_missing" 403
        zh "密钥权限不足" "该密钥没有此操作所需的权限（read、write、refund、admin 或 approve）。"
        en "The key may not do this"
            "The key lacks the scope that this operation needs (read, write, refund, admin or approve).";
    ScopeNotGiven = "scope_not_given" 403
        zh "不能授予这些权限"
            "通过接口只能授予自己密钥已有的权限；refund 和 approve 用于双人复核，只能在命令行用 lockstep key create 授予。"
        en "These scopes can't be given"
            "Over the API a key gets only scopes that its maker's key has; refund and approve, by which two people \
             decide, are given on the command line alone (lockstep key create).";
    RouteNotFound = "route_not_found" 404
        zh "没有这个地址" "请核对路径；全部接口见 GET /openapi.json。"
        en "There is no such address" "Check the path; GET /openapi.json lists all of them.";
    BorrowerNotFound = "borrower_not_found" 404
        zh "没有这位借款人" "没有这位借款人，请核对借款人编号。"
        en "No such borrower" "There is no such borrower. Check the borrower id.";
    BindingNotFound = "binding_not_found" 404
        zh "没有这条绑定" "没有这条绑定，请核对绑定编号。"
        en "No such binding" "There is no such binding. Check the binding id.";
    OrderNotFound = "order_not_found" 404
        zh "没有这笔还款单" "没有这笔还款单，请核对编号。"
        en "No such order" "There is no such order. Check the order id.";
    PaymentNotFound = "payment_not_found" 404
        zh "没有这笔支付" "没有这笔支付，请核对编号。"
        en "No such payment" "There is no such payment. Check the payment id.";
    AttemptNotFound = "attempt_not_found" 404
        zh "没有这次尝试" "这笔支付没有这次尝试，请核对序号。"
        en "No such attempt" "The payment has no such attempt. Check the attempt's number.";
    RefundNotFound = "refund_not_found" 404
        zh "没有这笔退款" "没有这笔退款，请核对退款序号。"
        en "No such refund" "There is no such refund. Check its number.";
    EndpointNotFound = "webhook_endpoint_not_found" 404
        zh "没有这个通知地址" "没有这个通知地址，请核对编号。"
        en "No such webhook endpoint" "There is no such webhook endpoint. Check its id.";
    DeliveryNotFound = "webhook_delivery_not_found" 404
        zh "没有这条已停止的通知" "没有这条通知，或它并未停止投递；只有 state 为 dead 的通知才能重发。"
        en "No such dead delivery"
            "There is no such delivery, or it is not dead; only a dead one can be sent again.";
    KeyNotFound = "api_key_not_found" 404
        zh "没有这个密钥" "没有这个密钥，或它已被吊销。"
        en "No such API key" "There is no such API key, or it was revoked before.";
    CallbackChannelNotFound = "callback_channel_not_found" 404
        zh "没有这个回调渠道" "没有配置接收该渠道的回调。"
        en "No such callback channel" "No callbacks of such a channel are configured.";
    ProblemNotFound = "problem_not_found" 404
        zh "没有这种问题" "没有这个问题代码。"
        en "No such problem" "There is no problem of this code.";
    MethodNotAllowed = "method_not_allowed" 405
        zh "不支持的方法" "该地址不支持此方法，支持的方法见响应头 Allow。"
        en "Method not allowed"
            "This address doesn't take this method; the header Allow lists those it takes.";
    KeyUnderWay = "idempotency_key_under_way" 409
        zh "相同请求正在处理" "同一个 Idempotency-Key 的首次请求尚未完成，请稍后用相同的键和内容重试。"
        en "The same request is under way"
            "The first request with this Idempotency-Key has not been answered yet. Repeat it, unchanged, \
             in a moment.";
    BorrowerExists = "borrower_exists" 409
        zh "借款人已存在" "该编号的借款人已存在，请直接使用已有借款人（见 existing）。"
        en "The borrower exists" "A borrower with this reference exists. Use that borrower (see `existing`).";
    AlreadyBound = "already_bound" 409
        zh "已经绑定" "这张卡（账户）已经绑定，请直接使用已有绑定（见 existing）。"
        en "Bound already" "This instrument is bound already. Use that binding (see `existing`).";
    BindingUnbound = "binding_unbound" 409
        zh "绑定已解除" "该绑定已解绑，请重新绑定。"
        en "The binding was given up" "The binding was given up. Bind the instrument again.";
    MandateExists = "mandate_exists" 409
        zh "协议已存在" "该渠道上已有生效或正在签约的协议，无需重复签约。"
        en "The mandate exists"
            "A mandate on this channel holds or is being signed. There is no need to sign again.";
    SigningUnderWay = "signing_under_way" 409
        zh "签约进行中" "签约正在进行，请稍候查询结果。"
        en "A signature is under way" "A signature is under way. Wait for its result.";
    NoCodeExpected = "no_code_expected" 409
        zh "当前不需要验证码" "当前不需要验证码，请先请求发送。"
        en "No code is expected" "No code is expected now. Ask for one first.";
    CodeDead = "code_dead" 409
        zh "验证码已失效" "验证码已失效，请重新获取。"
        en "The code is dead" "The code is dead. Ask for a new one.";
    CodeTooSoon = "code_too_soon" 409
        zh "验证码请求过于频繁" "验证码刚刚发送过，请稍后再试。"
        en "A code was sent just now" "A code was sent just now. Ask again a little later.";
    TooManyCodes = "too_many_codes" 409
        zh "验证码次数过多" "验证码发送次数过多，请联系客服处理。"
        en "Too many codes" "Too many codes were sent for this mandate. Contact support.";
    RulesChanged = "routing_rules_changed" 409
        zh "路由规则已被修改" "规则已不是所给的版本，请重新读取后再替换，以免覆盖他人的修改。"
        en "The routing rules have changed"
            "Another version is in place than the one given. Read them again, so as not to undo somebody's change.";
    OwnKey = "api_key_is_the_callers" 409
        zh "不能吊销自己" "不能用密钥吊销它自己，请改用另一个有 admin 权限的密钥。"
        en "A key can't revoke itself" "A key can't revoke itself. Use another one with the scope admin.";
    NoAmountExpected = "no_amount_expected" 409
        zh "当前不需要确认金额" "当前不需要确认打款金额。"
        en "No amount is expected" "No amount is expected now.";
    OrderExists = "order_exists" 409
        zh "还款单已存在" "该借款人已有相同编号的还款单（见 existing）。"
        en "The order exists"
            "The borrower has an order with this reference. Use that order (see `existing`).";
    OrderCollected = "order_collected" 409
        zh "还款单已结清" "这笔还款单已结清，无需再扣款。"
        en "The order is collected" "The order has been collected in full. Nothing is owed.";
    OrderCancelled = "order_cancelled" 409
        zh "还款单已取消" "这笔还款单已取消。"
        en "The order was cancelled" "The order was cancelled.";
    PaymentUnderWay = "payment_under_way" 409
        zh "已有支付在进行" "这笔还款单已有一笔支付在进行，请等待其结果（见 existing）。"
        en "A payment is under way"
            "A payment for this order is under way. Wait for its result (see `existing`).";
    OutcomeUnknown = "outcome_unknown" 409
        zh "结果尚未确认" "上一次扣款的结果还在向银行确认，确认前不会再扣、也不能取消。"
        en "The outcome is not known yet"
            "The bank is still being asked about the last attempt. Nothing is debited or cancelled before \
             it answers.";
    PaymentEnded = "payment_ended" 409
        zh "支付已结束" "这笔支付已经结束。"
        en "The payment has ended" "The payment has ended.";
    AttemptUnderWay = "attempt_under_way" 409
        zh "正在扣款" "正在扣款，请等待结果。"
        en "An attempt is under way" "An attempt is under way. Wait for its result.";
    OutcomeKnown = "outcome_known" 409
        zh "结果已经查明" "这次扣款的结果已经查明，无需人工认定。"
        en "The outcome is known" "The outcome of this attempt is known. There is nothing left to decide.";
    NotOverdue = "not_overdue" 409
        zh "尚未超过时限" "这次扣款尚未超过查询时限，系统仍在向渠道查询，请稍后再试。"
        en "Not overdue yet"
            "The attempt's deadline has not passed and the channel is still being asked. Come back after the \
             alarm.";
    NoProposal = "no_proposal" 409
        zh "没有待复核的认定" "还没有人提出认定结果，请先提出。"
        en "No proposal" "Nobody has said yet what became of this attempt. Propose an outcome first.";
    ProposalStands = "proposal_stands" 409
        zh "已有待复核的认定" "已有待复核的认定结果，请先复核或撤回。"
        en "A proposal stands" "A proposal about this attempt stands. Approve or withdraw it first.";
    ProposalDiffers = "proposal_differs" 409
        zh "与提出的认定不一致" "复核结果与提出的认定不一致，请核实；如不同意，请撤回该认定。"
        en "Another outcome was proposed"
            "Your outcome differs from the proposed one. Check again; if you disagree, withdraw the proposal.";
    SameApprover = "same_approver" 409
        zh "不能复核自己的认定" "提出人不能复核自己的认定，请由另一人用其本人的密钥复核。"
        en "A second person has to approve"
            "Whoever proposed can't approve. A second person has to, with a key of their own.";
    ReversalUnderWay = "reversal_under_way" 409
        zh "冲正尚未结束" "冲正仍可能被执行，暂不能认定为已扣款，请稍后再试。"
        en "A reversal is under way"
            "A reversal may still be executed, so the money can't count as moved yet. Approve a little later.";
    NotRefundable = "not_refundable" 409
        zh "没有可退的钱" "这笔支付是打款而不是扣款，没有可退的钱。"
        en "Nothing to give back"
            "This payment sent money out and took none. There is nothing to give back.";
    NothingTaken = "nothing_taken" 409
        zh "没有扣到款" "没有扣到款，无需退款；请核对支付编号和尝试序号。"
        en "Nothing was taken"
            "No money was taken, so none can go back. Check the payment and the attempt's number.";
    NoRefundChannel = "no_refund_channel" 409
        zh "没有可退款的渠道"
            "扣款渠道已不能退这笔钱，也没有其他渠道可向该账户付款，请改用其他方式退还。"
        en "No channel can give it back"
            "The channel can't give this money back any more and no other can credit the account. Return it \
             another way.";
    TooManyRefunds = "too_many_refunds" 409
        zh "退款次数过多" "这笔支付的退款次数已达上限，请合并金额或改用其他方式退还。"
        en "Too many refunds" "This payment has too many refunds. Return the rest another way.";
    RefundNotProposed = "refund_not_proposed" 409
        zh "不在待复核状态" "这笔退款不在待复核状态，请查看它的最新状态。"
        en "It waits for no approval" "The refund doesn't wait for approval. Look at where it stands now.";
    SecondPersonNeeded = "second_person_needed" 409
        zh "需要另一人复核" "发起人不能复核自己的退款，请由另一个密钥复核。"
        en "A second person is needed"
            "Who asked for a refund can't approve it. Approve it with another key.";
    BodyTooLarge = "body_too_large" 413
        zh "请求体过大" "请求体超过上限（64 KiB）。"
        en "The body is too large" "The body is longer than allowed (64 KiB).";
    UriTooLong = "uri_too_long" 414
        zh "地址过长" "路径加查询参数超过上限。"
        en "The address is too long" "Path and query together are longer than allowed.";
    MediaType = "unsupported_media_type" 415
        zh "不支持的内容类型" "请求体必须是 JSON，并带请求头 Content-Type: application/json。"
        en "Unsupported media type" "The body must be JSON, with the header Content-Type: application/json.";
    InvalidFields = "invalid_fields" 422
        zh "字段值不可用" "有字段的值不可用；errors 逐个说明原因和改法。"
        en "Fields can't be used" "Some values can't be used; `errors` says why and how to fix each.";
    KeyReused = "idempotency_key_reused" 422
        zh "Idempotency-Key 已用于其他请求" "这个键已用于另一个请求（地址或内容不同），请换一个新键。"
        en "Idempotency-Key was used for another request"
            "This key belongs to a request with another address or content. Use a new key.";
    TooManyEndpoints = "too_many_webhook_endpoints" 422
        zh "通知地址过多" "通知地址数量已达上限，请先删除不用的。"
        en "Too many webhook endpoints"
            "The number of webhook endpoints is limited. Remove one that is not used.";
    BindingNotUsable = "binding_not_usable" 422
        zh "绑定当前不可扣款" "在借款人处理之前，这个账户不能扣款。"
        en "The binding can't pay" "The instrument can't pay until the borrower does something.";
    ChannelNotFound = "channel_not_found" 422
        zh "没有这个支付渠道" "没有这个支付渠道，可用渠道见 GET /v1/channels。"
        en "No such channel" "There is no such channel. GET /v1/channels lists them.";
    ChannelCannotSign = "channel_cannot_sign" 422
        zh "渠道不支持签约" "该渠道不支持为这类账户签约，请换一个渠道。"
        en "The channel can't sign"
            "The channel does not sign this kind of instrument. Choose another channel.";
    NoPayOutChannel = "no_pay_out_channel" 422
        zh "没有可打款的渠道" "所选渠道都不能向该账户打款，请加上一个支持付款的渠道。"
        en "No channel can pay out" "None of the channels can send a micro-deposit. Name one that pays out.";
    NoMandateOn = "no_mandate_on_channel" 422
        zh "渠道上没有协议" "该渠道上没有可用的协议，请先签约。"
        en "No mandate on the channel" "There is no mandate on this channel. Add one first.";
    NoLiveMandate = "no_live_mandate" 422
        zh "没有可用的代扣协议" "没有可用于本次扣款的代扣协议，请先签约。"
        en "No mandate covers it" "No mandate covers this payment. Sign one first.";
    NotTheBorrowers = "not_the_borrowers" 422
        zh "不是同一借款人" "该绑定不属于这笔还款单的借款人，请选择本人的绑定。"
        en "Another borrower's binding"
            "The binding belongs to another borrower than the order. Choose one of this borrower's.";
    AmountNotAllowed = "amount_not_allowed" 422
        zh "金额不允许" "金额须大于零且不超过未还金额，币种须与还款单一致。"
        en "The amount is not allowed"
            "The amount must be greater than zero, at most what is still owed, and in the order's currency.";
    RefundTooMuch = "refund_too_much" 422
        zh "超过可退金额" "退款金额须大于零且不超过可退金额（已退和在途的退款都计算在内）。"
        en "More than can go back"
            "A refund must be greater than zero and at most what can still go back; what went back and what \
             is on its way both count.";
    TooManyRequests = "too_many_requests" 429
        zh "请求过于频繁" "该密钥的请求超过频率上限，请按 Retry-After 等待后重试。"
        en "Too many requests" "This key makes more requests than allowed. Wait as Retry-After says.";
    TooMuchUnderWay = "too_much_under_way" 429
        zh "在途请求过多" "贵机构在途的请求或待执行任务已超过应得份额，请按 Retry-After 等待后用相同的 Idempotency-Key 重试；其他机构不受影响。"
        en "Too much under way"
            "You hold more than your share of what is under way or waiting. Wait as Retry-After says and \
             repeat with the same Idempotency-Key.";
    HeadersTooLarge = "headers_too_large" 431
        zh "请求头过大" "请求头总长度超过上限。"
        en "The headers are too large" "All headers together are longer than allowed.";
    Panic = "internal_error" 500
        zh "系统内部错误" "系统内部出错，已记录。变更类请求请用相同的 Idempotency-Key 重试。"
        en "Internal error"
            "Something broke on our side and was written down. Repeat a change with the same \
             Idempotency-Key.";
    Fault = "temporary_fault" 503
        zh "系统暂时故障" "系统暂时无法完成，请用相同的 Idempotency-Key 重试，不会重复执行。"
        en "A passing fault"
            "We could not do this now. Repeat it with the same Idempotency-Key; it will not be done twice.";
    Overloaded = "overloaded" 503
        zh "系统繁忙" "当前请求过多，请按 Retry-After 等待后用相同的 Idempotency-Key 重试。"
        en "Overloaded"
            "Too much is under way. Wait as Retry-After says and repeat with the same Idempotency-Key.";
    TimedOut = "request_timed_out" 503
        zh "处理超时" "处理超时，请求可能已生效；请用相同的 Idempotency-Key 重试以取得结果。"
        en "The request timed out"
            "It took too long and may have been done. Repeat it with the same Idempotency-Key to learn the \
             result.";
    Moving = "moving" 503
        zh "数据正在切换节点" "负责该借款人的节点正在切换，本次未作任何处理；请按 Retry-After 等待后用相同的 Idempotency-Key 重试。"
        en "Changing hands"
            "The node that looks after this borrower is being replaced; nothing was done. Wait as Retry-After says and \
             repeat with the same Idempotency-Key.";
    NotReady = "not_ready" 503
        zh "服务未就绪" "存储不可用或任务积压，请稍后重试。"
        en "Not ready" "The store can't be reached or too much work is waiting. Try again later.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_every_text_is_there() {
        let mut codes: Vec<_> = kinds().iter().map(|entry| entry.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), kinds().len());
        for entry in kinds() {
            assert!((400..600).contains(&entry.status), "{}", entry.code);
            assert!(entry.detail.zh.ends_with('。') && entry.detail.en.ends_with('.'), "{}", entry.code);
        }
    }
}
