namespace Tiercel.Protocols.Reading;

/// <summary>What becomes of a parameter of a request.</summary>
public enum ParameterTreatment
{
    /// <summary>It does what its API says.</summary>
    Honoured,

    /// <summary>Accepted with the values that change nothing in the answer (labels, documented defaults); anything else is refused.</summary>
    Neutral,

    /// <summary>Known and refused, unless null.</summary>
    Refused,
}
