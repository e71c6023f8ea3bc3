"""HttpStatusCode: the status codes by name.

Rules of the room: one table; axios's name of a code comes first and so is its ``name``. The names of
``http.HTTPStatus`` are aliases, those of every Python version on each of them.
"""

from __future__ import annotations

from enum import IntEnum


class HttpStatusCode(IntEnum):
    """Status codes of HTTP responses: ``HttpStatusCode.NotFound == 404``.

    ``HttpStatusCode(404).name`` is axios's name, ``"NotFound"``; ``HttpStatusCode.NOT_FOUND``, as
    ``http.HTTPStatus`` spells it, is the same member. ValueError for a number without a name.
    520 to 526 are Cloudflare's. Source: axios, ``HttpStatusCode``; the IANA registry of status codes.
    """

    # As a number on every Python: IntEnum's own str() is the member's name before 3.11.
    __str__ = int.__repr__
    __format__ = int.__format__  # type: ignore[assignment]

    Continue = 100
    CONTINUE = 100
    SwitchingProtocols = 101
    SWITCHING_PROTOCOLS = 101
    Processing = 102
    PROCESSING = 102
    EarlyHints = 103
    EARLY_HINTS = 103
    Ok = 200
    OK = 200
    Created = 201
    CREATED = 201
    Accepted = 202
    ACCEPTED = 202
    NonAuthoritativeInformation = 203
    NON_AUTHORITATIVE_INFORMATION = 203
    NoContent = 204
    NO_CONTENT = 204
    ResetContent = 205
    RESET_CONTENT = 205
    PartialContent = 206
    PARTIAL_CONTENT = 206
    MultiStatus = 207
    MULTI_STATUS = 207
    AlreadyReported = 208
    ALREADY_REPORTED = 208
    ImUsed = 226
    IM_USED = 226
    MultipleChoices = 300
    MULTIPLE_CHOICES = 300
    MovedPermanently = 301
    MOVED_PERMANENTLY = 301
    Found = 302
    FOUND = 302
    SeeOther = 303
    SEE_OTHER = 303
    NotModified = 304
    NOT_MODIFIED = 304
    UseProxy = 305
    USE_PROXY = 305
    Unused = 306
    UNUSED = 306
    TemporaryRedirect = 307
    TEMPORARY_REDIRECT = 307
    PermanentRedirect = 308
    PERMANENT_REDIRECT = 308
    BadRequest = 400
    BAD_REQUEST = 400
    Unauthorized = 401
    UNAUTHORIZED = 401
    PaymentRequired = 402
    PAYMENT_REQUIRED = 402
    Forbidden = 403
    FORBIDDEN = 403
    NotFound = 404
    NOT_FOUND = 404
    MethodNotAllowed = 405
    METHOD_NOT_ALLOWED = 405
    NotAcceptable = 406
    NOT_ACCEPTABLE = 406
    ProxyAuthenticationRequired = 407
    PROXY_AUTHENTICATION_REQUIRED = 407
    RequestTimeout = 408
    REQUEST_TIMEOUT = 408
    Conflict = 409
    CONFLICT = 409
    Gone = 410
    GONE = 410
    LengthRequired = 411
    LENGTH_REQUIRED = 411
    PreconditionFailed = 412
    PRECONDITION_FAILED = 412
    PayloadTooLarge = 413
    ContentTooLarge = 413
    REQUEST_ENTITY_TOO_LARGE = 413
    CONTENT_TOO_LARGE = 413
    PAYLOAD_TOO_LARGE = 413
    UriTooLong = 414
    REQUEST_URI_TOO_LONG = 414
    URI_TOO_LONG = 414
    UnsupportedMediaType = 415
    UNSUPPORTED_MEDIA_TYPE = 415
    RangeNotSatisfiable = 416
    REQUESTED_RANGE_NOT_SATISFIABLE = 416
    RANGE_NOT_SATISFIABLE = 416
    ExpectationFailed = 417
    EXPECTATION_FAILED = 417
    ImATeapot = 418
    IM_A_TEAPOT = 418
    MisdirectedRequest = 421
    MISDIRECTED_REQUEST = 421
    UnprocessableEntity = 422
    UnprocessableContent = 422
    UNPROCESSABLE_ENTITY = 422
    UNPROCESSABLE_CONTENT = 422
    Locked = 423
    LOCKED = 423
    FailedDependency = 424
    FAILED_DEPENDENCY = 424
    TooEarly = 425
    TOO_EARLY = 425
    UpgradeRequired = 426
    UPGRADE_REQUIRED = 426
    PreconditionRequired = 428
    PRECONDITION_REQUIRED = 428
    TooManyRequests = 429
    TOO_MANY_REQUESTS = 429
    RequestHeaderFieldsTooLarge = 431
    REQUEST_HEADER_FIELDS_TOO_LARGE = 431
    UnavailableForLegalReasons = 451
    UNAVAILABLE_FOR_LEGAL_REASONS = 451
    InternalServerError = 500
    INTERNAL_SERVER_ERROR = 500
    NotImplemented = 501
    NOT_IMPLEMENTED = 501
    BadGateway = 502
    BAD_GATEWAY = 502
    ServiceUnavailable = 503
    SERVICE_UNAVAILABLE = 503
    GatewayTimeout = 504
    GATEWAY_TIMEOUT = 504
    HttpVersionNotSupported = 505
    HTTP_VERSION_NOT_SUPPORTED = 505
    VariantAlsoNegotiates = 506
    VARIANT_ALSO_NEGOTIATES = 506
    InsufficientStorage = 507
    INSUFFICIENT_STORAGE = 507
    LoopDetected = 508
    LOOP_DETECTED = 508
    NotExtended = 510
    NOT_EXTENDED = 510
    NetworkAuthenticationRequired = 511
    NETWORK_AUTHENTICATION_REQUIRED = 511
    WebServerReturnsAnUnknownError = 520
    WEB_SERVER_RETURNS_AN_UNKNOWN_ERROR = 520
    WebServerIsDown = 521
    WEB_SERVER_IS_DOWN = 521
    ConnectionTimedOut = 522
    CONNECTION_TIMED_OUT = 522
    OriginIsUnreachable = 523
    ORIGIN_IS_UNREACHABLE = 523
    TimeoutOccurred = 524
    TIMEOUT_OCCURRED = 524
    SslHandshakeFailed = 525
    SSL_HANDSHAKE_FAILED = 525
    InvalidSslCertificate = 526
    INVALID_SSL_CERTIFICATE = 526
